// Stores by their location: the path of a SQLite file, or the URL of a PostgreSQL server.

import pg from 'pg';
import { postgresStorage, sqliteStorage } from '../../src/index.js';

/** Opens the store, with its table. Closing the store ends its connections. */
export async function openStore(location) {
  const storage = location.startsWith('postgresql:') ? overPool(location) : sqliteStorage(location);
  await storage.createSchema();
  return storage;
}

function overPool(connectionString) {
  // Idle connections do not keep a finished process alive.
  const pool = new pg.Pool({ connectionString, allowExitOnIdle: true });
  pool.on('error', () => {});
  return Object.assign(postgresStorage(pool), { close: () => pool.end() });
}
