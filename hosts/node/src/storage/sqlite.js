// The SQLite store: a file, shared with the application's own tables if it likes.
//
// Its own commits are made on a thread beside the application's, so that neither a flush nor another's lock stops the event
// loop. Inside a transaction of the application's it writes through the application's connection, and at once.

import { validateCommit, validateGet, validateScan } from '../contract.js';
import { notApplied, StorageError, unknown } from '../errors.js';
import { startThread } from '../thread.js';
import { JoinedSqlite } from './sqlite-rows.js';

/** A store in a SQLite file. `createSchema` makes the table, and the file if it is not there. */
export function sqliteStorage(file) {
  return new SqliteStorage(file);
}

export class SqliteStorage {
  #file;
  #thread = null;
  #closed = false;

  constructor(file) {
    this.#file = String(file);
  }

  /** How the pump's thread makes a connection of its own. */
  get portable() {
    return { module: import.meta.url, name: 'SqliteStorage', args: [this.#file] };
  }

  /** Makes the table, outside any transaction. It may be called at every start. */
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

  /** The store inside an open transaction of a connection of `node:sqlite` or `better-sqlite3`. */
  join(connection) {
    return new JoinedSqlite(connection);
  }

  /** Whether what `join` answers is over when it returns. */
  get joinsSynchronously() {
    return true;
  }

  /** For good: a call that comes later, or is repeated, starts no other thread. */
  async close() {
    this.#closed = true;
    await this.#thread?.close();
  }

  #call(call, args) {
    if (this.#closed) {
      return Promise.reject(notApplied('the store was closed'));
    }
    if (this.#thread === null || this.#thread.ended) {
      this.#thread = new FileThread(this.#file);
    }
    return this.#thread.call(call, args);
  }
}

// The thread and what has been asked of it. It answers everything: what it has not answered by its end, it never will.
class FileThread {
  #worker;
  #pending = new Map();
  #id = 0;
  #why = 'the store was closed';
  ended = false;

  constructor(file) {
    this.#worker = startThread(new URL('./sqlite-thread.js', import.meta.url), { file });
    this.#worker.on('message', (answer) => this.#answered(answer));
    this.#worker.on('error', (error) => { this.#why = error.message; });
    this.#worker.on('exit', () => this.#exited());
  }

  call(call, args) {
    return new Promise((resolve, reject) => {
      this.#id += 1;
      this.#pending.set(this.#id, { call, resolve, reject });
      // Kept alive by what is asked of it, and by nothing else.
      this.#worker.ref();
      this.#worker.postMessage({ id: this.#id, call, args });
    });
  }

  async close() {
    if (!this.ended) {
      await this.call('close', []).catch(() => {});
      await this.#worker.terminate();
    }
  }

  #answered({ id, ok, error }) {
    const { resolve, reject } = this.#pending.get(id);
    this.#pending.delete(id);
    if (this.#pending.size === 0) {
      this.#worker.unref();
    }
    if (error === undefined) {
      resolve(ok);
    } else {
      reject(StorageError.of(error));
    }
  }

  #exited() {
    this.ended = true;
    for (const { call, reject } of this.#pending.values()) {
      reject(call === 'commit' ? unknown(this.#why) : notApplied(this.#why));
    }
    this.#pending.clear();
  }
}
