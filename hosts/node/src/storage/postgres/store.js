// The PostgreSQL store over a pool of `pg`. The application passes its pool, so this file does not import `pg`.

import { SCHEMA_ATTEMPTS_MAX, WORKER_CONNECTIONS_MAX } from '../../support/limits.js';
import { refuse } from '../../support/input.js';
import { validateCommit, validateGet, validateScan } from '../contract.js';
import { notApplied, StorageError } from '../errors.js';
import { commitError, statementError } from './errors.js';
import { Home } from './home.js';
import { JoinedPostgres } from './joined.js';
import { applyCommit, getRows, POSTGRES_SCHEMA, scanRows } from './statements.js';

// The errors of a session that creates the table while another one does.
const DUPLICATES = ['23505', '42P07', '42710'];

// An accepted event is durable, even if the connection does not wait for its commits to be flushed.
const BEGIN = `BEGIN ISOLATION LEVEL READ COMMITTED;
    SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'`;

/** Returns a store in PostgreSQL, on connections of a `pg.Pool`. `createSchema` creates the table. */
export function postgresStorage(pool) {
  return new PostgresStorage(pool);
}

/** A store in PostgreSQL. */
export class PostgresStorage {
  #pool;
  #home;

  constructor(pool) {
    if (typeof pool?.connect !== 'function' || typeof pool?.query !== 'function') {
      refuse('pool', 'is not a pool', 'pass a `Pool` of `pg`');
    }
    this.#pool = pool;
    this.#home = new Home((sql, values) => pool.query(sql, values));
  }

  /** Undefined if the pool's options cannot be passed to a thread. */
  get portable() {
    const { password, ssl } = this.#pool.options ?? {};
    // The pool makes both secrets non-enumerable, so a copy of its options lacks them.
    const secured = typeof ssl === 'object' && ssl !== null ? { ...ssl, key: ssl.key } : ssl;
    const options = { ...this.#pool.options, password, ssl: secured, max: WORKER_CONNECTIONS_MAX };
    for (const name of ['log', 'Promise']) {
      // The worker thread can do without these functions. Any other one, such as a function that makes passwords, it
      // needs.
      if (typeof options[name] === 'function') {
        delete options[name];
      }
    }
    try {
      const args = [structuredClone(options)];
      return { module: new URL('./own.js', import.meta.url).href, name: 'OwnPostgres', args };
    } catch {
      return undefined;
    }
  }

  async createSchema() {
    for (let left = SCHEMA_ATTEMPTS_MAX; ; left -= 1) {
      try {
        await this.#pool.query(POSTGRES_SCHEMA);
        return;
      } catch (error) {
        if (left === 0 || !DUPLICATES.includes(error.code)) {
          throw error;
        }
      }
    }
  }

  async get(keys) {
    validateGet(keys);
    return this.#read(() => getRows((sql, values) => this.#pool.query(sql, values), keys));
  }

  async scan(range, limit, order) {
    validateScan(range, limit);
    return this.#read(() => scanRows((sql, values) => this.#pool.query(sql, values), range, limit, order));
  }

  async commit(checks, mutations) {
    validateCommit(checks, mutations);
    const client = await this.#connect();
    // The error after which the connection cannot be used again.
    let broken;
    try {
      let versions;
      try {
        await client.query(BEGIN);
        versions = await applyCommit((sql, values) => client.query(sql, values), checks, mutations);
      } catch (error) {
        broken = await rollback(client);
        throw error instanceof StorageError ? error : statementError(error);
      }
      broken = await end(client);
      if (broken !== undefined) {
        throw broken instanceof StorageError ? broken : commitError(broken);
      }
      return versions;
    } finally {
      client.release(broken);
    }
  }

  /**
   * Returns the store inside an open transaction of a client of `pg`, or of an object with the same `query(text,
   * values)`.
   */
  join(client) {
    return new JoinedPostgres(client, this.#home);
  }

  async #read(run) {
    try {
      const read = await run();
      await this.#home.load();
      return read;
    } catch (error) {
      throw error instanceof StorageError ? error : statementError(error);
    }
  }

  async #connect() {
    try {
      const client = await this.#pool.connect();
      // A lost connection fails the query that runs on it. The event itself needs no handler, but without a listener it
      // would end the process.
      if (client.listenerCount('error') === 0) {
        client.on('error', () => {});
      }
      return client;
    } catch (error) {
      throw statementError(error);
    }
  }
}

// Commits. Returns the error if it fails.
async function end(client) {
  try {
    const { command } = await client.query('COMMIT');
    return command === 'ROLLBACK' ? notApplied('the server rolled the commit back') : undefined;
  } catch (error) {
    return error;
  }
}

// Ends a transaction that failed. Returns the error if that fails, too.
async function rollback(client) {
  try {
    await client.query('ROLLBACK');
    return undefined;
  } catch (error) {
    return error;
  }
}
