// The SQLite store: one file, which may be the application's own database.
//
// A thread makes the store's own commits, so that neither a flush to disk nor another connection's lock stops the event
// loop. Inside a transaction of the application, the store writes at once, through the application's connection.

import { validateCommit, validateGet, validateScan } from '../contract.js';
import { notApplied } from '../errors.js';
import { JoinedSqlite } from './joined.js';
import { locate } from './location.js';
import { ThreadClient } from './thread-client.js';

/** Returns a store in a SQLite file. `createSchema` creates the table, and the file if there is none. */
export function sqliteStorage(file) {
  return new SqliteStorage(file);
}

/** A store in a SQLite file. */
export class SqliteStorage {
  #location;
  #thread = null;
  #closed = false;
  // The store over each connection of the platform, with its prepared statements.
  #joined = new WeakMap();

  constructor(file) {
    this.#location = locate(file);
  }

  get portable() {
    return { module: import.meta.url, name: 'SqliteStorage', args: [this.#location.open] };
  }

  createSchema() {
    return this.#call('createSchema', []);
  }

  get(keys) {
    validateGet(keys);
    return this.#call('get', [keys]);
  }

  scan(range, limit, order) {
    validateScan(range, limit);
    return this.#call('scan', [range, limit, order]);
  }

  commit(checks, mutations) {
    validateCommit(checks, mutations);
    return this.#call('commit', [checks, mutations]);
  }

  /** Returns the store inside an open transaction of a connection of `node:sqlite` or `better-sqlite3`. */
  join(connection) {
    const joined = this.#joined.get(connection) ?? new JoinedSqlite(connection);
    this.#joined.set(connection, joined);
    joined.requireTransaction(this.#location.file);
    return joined;
  }

  get joinsSynchronously() {
    return true;
  }

  /** Ends the thread. Later calls fail. */
  async close() {
    this.#closed = true;
    await this.#thread?.close();
  }

  #call(method, args) {
    if (this.#closed) {
      return Promise.reject(notApplied('the store was closed'));
    }
    if (this.#thread === null || this.#thread.ended) {
      this.#thread = new ThreadClient(this.#location.open);
    }
    return this.#thread.call(method, args);
  }
}
