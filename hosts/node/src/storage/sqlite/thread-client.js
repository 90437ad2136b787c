// The application's side of the thread that has a SQLite file open.

import { startThread } from '../../support/thread.js';
import { notApplied, StorageError, unknown } from '../errors.js';
import { statementError } from './errors.js';

/** A thread, and the calls that it has not answered. The end of the thread fails them. */
export class ThreadClient {
  #thread;
  #pending = new Map();
  #lastId = 0;
  #endError;
  ended = false;

  constructor(file) {
    this.#thread = startThread(new URL('./thread.js', import.meta.url), { file });
    this.#thread.on('message', (answer) => this.#settle(answer));
    this.#thread.on('error', (error) => { this.#endError = error; });
    this.#thread.on('exit', () => this.#failPending());
  }

  /** Calls a method of the thread's `SqliteFile`. */
  call(method, args) {
    return new Promise((resolve, reject) => {
      this.#lastId += 1;
      this.#pending.set(this.#lastId, { method, resolve, reject });
      // The thread keeps the process alive while a call is pending, and only then.
      this.#thread.ref();
      this.#thread.postMessage({ id: this.#lastId, method, args });
    });
  }

  /** Closes the file and ends the thread. */
  async close() {
    if (!this.ended) {
      await this.call('close', []).catch(() => {});
      await this.#thread.terminate();
    }
  }

  #settle({ id, result, error }) {
    const { resolve, reject } = this.#pending.get(id);
    this.#pending.delete(id);
    if (this.#pending.size === 0) {
      this.#thread.unref();
    }
    if (error === undefined) {
      resolve(result);
    } else {
      reject(StorageError.of(error));
    }
  }

  #failPending() {
    this.ended = true;
    const error = this.#endError;
    const failure = error === undefined ? notApplied('the store was closed') : statementError(error);
    for (const { method, reject } of this.#pending.values()) {
      reject(method === 'commit' ? unknown(failure.message, failure) : failure);
    }
    this.#pending.clear();
  }
}
