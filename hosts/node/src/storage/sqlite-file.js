// An own connection to a SQLite file, for the thread that it lives on. It never waits inside SQLite: whoever finds the file
// locked tries again after a while, so that a thread which holds the lock itself can go on and give it back.

import { DatabaseSync } from 'node:sqlite';
import { validateCommit } from '../contract.js';
import { notApplied, StorageError } from '../errors.js';
import { SQLITE_BUSY_MS_MAX, SQLITE_RETRY_MS_MAX, SQLITE_RETRY_MS_MIN } from '../limits.js';
import { commitTogether, isBusy, SQLITE_SCHEMA, SqliteRows, takeGroup } from './sqlite-rows.js';

/** An open file. Commits that come in one turn of the loop share a transaction, and with it a flush to the disk. */
export class SqliteFile {
  #db;
  #rows;
  #flushes = false;
  #wal = false;
  #waiting = [];
  #flushing = false;

  constructor(file) {
    this.#db = new DatabaseSync(file, { timeout: 0 });
    this.#rows = new SqliteRows(this.#db);
  }

  createSchema() {
    return this.#unlocked(() => this.#db.exec(SQLITE_SCHEMA));
  }

  get(keys) {
    return this.#unlocked(() => this.#rows.get(keys));
  }

  scan(range, limit, order) {
    return this.#unlocked(() => this.#rows.scan(range, limit, order));
  }

  commit(checks, mutations) {
    validateCommit(checks, mutations);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ checks, mutations, resolve, reject, since: performance.now() });
      if (!this.#flushing) {
        this.#flushing = true;
        // Nothing waits on purpose; what else has arrived by then shares the flush.
        setImmediate(() => this.#flush(SQLITE_RETRY_MS_MIN));
      }
    });
  }

  async close() {
    for (const { reject } of this.#waiting.splice(0)) {
      // It waits for a lock: nothing of it has begun.
      reject(notApplied('the store was closed'));
    }
    this.#db.close();
    // The answer to this comes after theirs.
    await new Promise((resolve) => { setImmediate(resolve); });
  }

  // Even this takes a lock, and a file may be locked when it is opened.
  #configure() {
    if (!this.#flushes) {
      this.#db.exec('PRAGMA synchronous = FULL; PRAGMA fullfsync = ON;');
      this.#flushes = true;
    }
    if (!this.#wal) {
      // Whoever made the table may not have done it. It takes a moment in which nobody else is at the file: until there is
      // one, everything works in the mode that the file has, and waits for more locks.
      try {
        const { journal_mode: mode } = this.#db.prepare('PRAGMA journal_mode = WAL').get();
        this.#wal = mode === 'wal' || mode === 'memory';
      } catch {
        // Another has the lock; or the file cannot be written, which a commit will say.
      }
    }
  }

  #unlocked(run) {
    return untilUnlocked(() => {
      this.#configure();
      return run();
    });
  }

  #commitTogether(group) {
    try {
      this.#configure();
    } catch (error) {
      return isBusy(error) ? undefined : group.map(() => ({ error: notApplied(error.message) }));
    }
    return commitTogether(this.#rows, group);
  }

  #flush(retryMs) {
    if (this.#waiting.length === 0) {
      this.#flushing = false;
      return;
    }
    const group = takeGroup(this.#waiting);
    const outcomes = this.#commitTogether(group);
    if (outcomes === undefined) {
      this.#waiting.unshift(...group);
      this.#giveUp();
      setTimeout(() => this.#flush(Math.min(retryMs * 2, SQLITE_RETRY_MS_MAX)), retryMs);
      return;
    }
    group.forEach(({ resolve, reject }, index) => {
      const { ok, error } = outcomes[index];
      if (error === undefined) {
        resolve(ok);
      } else {
        reject(error);
      }
    });
    setImmediate(() => this.#flush(SQLITE_RETRY_MS_MIN));
  }

  #giveUp() {
    const limit = performance.now() - SQLITE_BUSY_MS_MAX;
    const late = this.#waiting.filter(({ since }) => since < limit);
    this.#waiting = this.#waiting.filter(({ since }) => since >= limit);
    for (const { reject } of late) {
      reject(notApplied('another connection holds the lock on the file'));
    }
  }
}

async function untilUnlocked(run) {
  const until = performance.now() + SQLITE_BUSY_MS_MAX;
  for (;;) {
    try {
      return run();
    } catch (error) {
      if (!isBusy(error.cause ?? error) || performance.now() > until) {
        throw error instanceof StorageError ? error : notApplied(error.message);
      }
      await new Promise((resolve) => { setTimeout(resolve, SQLITE_RETRY_MS_MAX); });
    }
  }
}
