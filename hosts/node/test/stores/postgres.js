// The PostgreSQL store, for the storage kit.

import pg from 'pg';
import { postgresStorage } from '../../src/storage/postgres/store.js';

export default (connectionString) => {
  const pool = new pg.Pool({ connectionString, max: 8 });
  pool.on('error', () => {});
  const store = postgresStorage(pool);
  store.close = () => pool.end();
  return store;
};
