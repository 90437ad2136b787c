// The PostgreSQL store on the pump's thread, with a pool of its own.

import pg from 'pg';
import { PostgresStorage } from './postgres.js';

/** A store that has made its pool and ends it. */
export class OwnPostgres extends PostgresStorage {
  #pool;

  constructor(options) {
    const pool = new pg.Pool(options);
    // An idle connection that is lost is replaced by another.
    pool.on('error', () => {});
    super(pool);
    this.#pool = pool;
  }

  close() {
    return this.#pool.end();
  }
}
