// A store by where it is: a SQLite file, or a PostgreSQL by its URL.

import pg from 'pg';
import { postgresStorage, sqliteStorage } from '../../src/index.js';

/** Opens it, with its table. Closing it ends its connections. */
export async function openStore(at) {
  const storage = at.startsWith('postgresql:') ? overPool(at) : sqliteStorage(at);
  await storage.createSchema();
  return storage;
}

function overPool(connectionString) {
  // Idle connections are not to keep a process alive that has nothing else to do.
  const pool = new pg.Pool({ connectionString, allowExitOnIdle: true });
  pool.on('error', () => {});
  return Object.assign(postgresStorage(pool), { close: () => pool.end() });
}
