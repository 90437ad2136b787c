// The PostgreSQL store of the worker thread, with a pool of its own.

import pg from 'pg';
import { PostgresStorage } from './store.js';

/** A store that makes its pool and ends it. */
export class OwnPostgres extends PostgresStorage {
  #pool;

  constructor(options) {
    const pool = new pg.Pool(options);
    // The pool replaces an idle connection that is lost. Without a listener the event would end the thread.
    pool.on('error', () => {});
    super(pool);
    this.#pool = pool;
  }

  close() {
    return this.#pool.end();
  }
}
