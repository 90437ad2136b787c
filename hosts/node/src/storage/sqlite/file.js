// A connection to a SQLite file, for the thread that it lives on. It never waits inside SQLite: if the file is locked,
// it tries again later, so that a thread which holds the lock itself can go on and release it.

import { DatabaseSync } from 'node:sqlite';
import { SQLITE_BUSY_MS_MAX, SQLITE_RETRY_MS_MAX, SQLITE_RETRY_MS_MIN } from '../../support/limits.js';
import { validateCommit } from '../contract.js';
import { notApplied, StorageError } from '../errors.js';
import { isBusy, lockedTooLong, statementError } from './errors.js';
import { commitGroup, takeGroup } from './group.js';
import { SQLITE_SCHEMA, SqliteRows } from './rows.js';

/** An open file. Commits of one turn of the event loop share a transaction, and with it a flush to disk. */
export class SqliteFile {
  #db;
  #rows;
  #isDurable = false;
  #isWal = false;
  // The commits that have not begun.
  #waiting = [];
  #committing = false;

  constructor(file) {
    this.#db = new DatabaseSync(file, { timeout: 0 });
    this.#rows = new SqliteRows(this.#db);
  }

  createSchema() {
    return this.#whenUnlocked(() => this.#db.exec(SQLITE_SCHEMA));
  }

  get(keys) {
    return this.#whenUnlocked(() => this.#rows.get(keys));
  }

  scan(range, limit, order) {
    return this.#whenUnlocked(() => this.#rows.scan(range, limit, order));
  }

  commit(checks, mutations) {
    validateCommit(checks, mutations);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ checks, mutations, resolve, reject, sinceMs: performance.now() });
      if (!this.#committing) {
        this.#committing = true;
        // The delay is one turn of the event loop. Commits that arrive in it share the flush.
        setImmediate(() => this.#commitWaiting(SQLITE_RETRY_MS_MIN));
      }
    });
  }

  async close() {
    for (const { reject } of this.#waiting.splice(0)) {
      // A waiting commit has not begun.
      reject(notApplied('the store was closed'));
    }
    this.#db.close();
    // The answers to the waiting commits go out before the answer to this call.
    await new Promise((resolve) => { setImmediate(resolve); });
  }

  // Configures the connection. Each statement takes a lock, so it is repeated until it succeeds.
  #configure() {
    if (!this.#isDurable) {
      this.#db.exec('PRAGMA synchronous = FULL; PRAGMA fullfsync = ON;');
      this.#isDurable = true;
    }
    if (!this.#isWal) {
      // The switch to WAL needs a moment without other connections. Until then the file's own mode works, with more
      // waiting.
      try {
        const { journal_mode: mode } = this.#db.prepare('PRAGMA journal_mode = WAL').get();
        this.#isWal = mode === 'wal' || mode === 'memory';
      } catch {
        // Another connection has a lock, or the file cannot be written. In the second case a commit reports it.
      }
    }
  }

  #whenUnlocked(run) {
    return untilUnlocked(() => {
      this.#configure();
      return run();
    });
  }

  // Commits what waits, and schedules the next group.
  #commitWaiting(retryMs) {
    if (this.#waiting.length === 0) {
      this.#committing = false;
      return;
    }
    const group = takeGroup(this.#waiting);
    const outcomes = this.#commitGroup(group);
    if (outcomes === undefined) {
      this.#waiting.unshift(...group);
      this.#failLate();
      setTimeout(() => this.#commitWaiting(Math.min(retryMs * 2, SQLITE_RETRY_MS_MAX)), retryMs);
      return;
    }
    group.forEach(({ resolve, reject }, index) => {
      const { versions, error } = outcomes[index];
      if (error === undefined) {
        resolve(versions);
      } else {
        reject(error);
      }
    });
    setImmediate(() => this.#commitWaiting(SQLITE_RETRY_MS_MIN));
  }

  #commitGroup(group) {
    try {
      this.#configure();
    } catch (error) {
      return isBusy(error) ? undefined : group.map(() => ({ error: statementError(error) }));
    }
    return commitGroup(this.#rows, group);
  }

  #failLate() {
    const oldestMs = performance.now() - SQLITE_BUSY_MS_MAX;
    const late = this.#waiting.filter(({ sinceMs }) => sinceMs < oldestMs);
    this.#waiting = this.#waiting.filter(({ sinceMs }) => sinceMs >= oldestMs);
    for (const { reject } of late) {
      reject(lockedTooLong(SQLITE_BUSY_MS_MAX));
    }
  }
}

async function untilUnlocked(run) {
  const deadlineMs = performance.now() + SQLITE_BUSY_MS_MAX;
  for (;;) {
    try {
      return run();
    } catch (error) {
      if (!isBusy(error)) {
        throw error instanceof StorageError ? error : statementError(error);
      }
      if (performance.now() > deadlineMs) {
        throw lockedTooLong(SQLITE_BUSY_MS_MAX, error);
      }
      await new Promise((resolve) => { setTimeout(resolve, SQLITE_RETRY_MS_MAX); });
    }
  }
}
