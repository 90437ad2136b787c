// The one SQL table in SQLite (`docs/sql-store.md`), over one connection, synchronously. Two kinds: one that begins and
// ends its own transactions, and one inside a transaction of the platform's.

import { keyOf, validateCommit, validateGet, validateScan } from '../contract.js';
import { conflict, notApplied, StorageError, transactionAborted, unknown } from '../errors.js';
import { refuse } from '../input.js';
import { GROUP_BYTES_MAX, GROUP_COMMITS_MAX } from '../limits.js';

/** What `createSchema` runs. */
export const SQLITE_SCHEMA = `CREATE TABLE IF NOT EXISTS hookwright (
    version INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, value TEXT NOT NULL
)`;

const BUSY = 5;
const LOCKED = 6;
const BUSY_SNAPSHOT = 517;

/** The statements over a connection of `node:sqlite` or `better-sqlite3`. */
export class SqliteRows {
  #db;
  #statements = new Map();

  constructor(db) {
    this.#db = db;
  }

  exec(sql) {
    this.#db.exec(sql);
  }

  /** The rows of these keys, in the order asked. One statement sees one snapshot. */
  get(keys) {
    validateGet(keys);
    const found = this.#reading(() => keys.length === 1
      ? this.#prepared('SELECT key, value, version FROM hookwright WHERE key = ?').all(keys[0])
      : this.#prepared('SELECT key, value, version FROM hookwright WHERE key IN (SELECT value FROM json_each(?))')
        .all(JSON.stringify(keys)));
    const byKey = new Map(found.map((row) => [row.key, row]));
    return keys.map((key) => byKey.get(key));
  }

  scan({ start, end }, limit, order) {
    validateScan({ start, end }, limit);
    const direction = order === 'reverse' ? 'DESC' : 'ASC';
    return this.#reading(() => this.#prepared(
      `SELECT key, value, version FROM hookwright WHERE key >= ? AND key < ? ORDER BY key ${direction} LIMIT ?`,
    ).all(start, end, limit));
  }

  /** Applies a commit inside whatever transaction is open. All checks are read before the first row is written. */
  apply(checks, mutations) {
    const failed = checks.flatMap(({ key, version }, index) => {
      const row = this.#prepared('SELECT version FROM hookwright WHERE key = ?').get(key);
      return row?.version === (version ?? undefined) ? [] : [index];
    });
    if (failed.length > 0) {
      throw conflict(failed);
    }
    const versions = [];
    for (const mutation of mutations) {
      if (mutation.tag === 'put') {
        const { key, value } = mutation.val;
        const { lastInsertRowid } =
          this.#prepared('REPLACE INTO hookwright (key, value) VALUES (?, ?)').run(key, value);
        versions.push(BigInt(lastInsertRowid));
      } else {
        this.#prepared('DELETE FROM hookwright WHERE key = ?').run(keyOf(mutation));
      }
    }
    return versions;
  }

  #reading(read) {
    try {
      return read();
    } catch (error) {
      throw Object.assign(notApplied(error.message), { cause: error });
    }
  }

  #prepared(sql) {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql);
      // Versions are 64 bits: numbers of JavaScript would lose some of them.
      (statement.setReadBigInts ?? statement.safeIntegers).call(statement, true);
      // The connection may have been opened to answer rows as arrays, which have no members.
      statement.setReturnArrays?.(false);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

/**
 * Applies several commits in one transaction of their own, and answers for each `{ ok }` or `{ error }`; undefined if
 * another holds the lock: nothing was begun, and it may be tried again.
 */
export function commitTogether(rows, commits) {
  try {
    rows.exec('BEGIN IMMEDIATE');
  } catch (error) {
    if (isBusy(error)) {
      return undefined;
    }
    return commits.map(() => ({ error: notApplied(error.message) }));
  }
  let outcomes;
  try {
    outcomes = commits.map(({ checks, mutations }) => {
      try {
        return { ok: rows.apply(checks, mutations) };
      } catch (error) {
        if (error instanceof StorageError) {
          return { error };
        }
        throw error;
      }
    });
  } catch (error) {
    rollback(rows);
    // None fails because of its neighbours: each is tried alone.
    return commits.length === 1
      ? [{ error: notApplied(error.message) }]
      : commits.map((commit) => commitTogether(rows, [commit])?.[0] ?? { error: notApplied('the file is locked') });
  }
  try {
    rows.exec('COMMIT');
    return outcomes;
  } catch (error) {
    rollback(rows);
    // A conflict may have been with a neighbour that is gone again.
    const certain = isBusy(error);
    return outcomes.map(({ error: refused }) => ({
      error: certain || refused !== undefined ? notApplied(error.message) : unknown(error.message),
    }));
  }
}

/** What is waiting and fits into one transaction. */
export function takeGroup(waiting) {
  let [count, bytes] = [0, 0];
  while (count < waiting.length && count < GROUP_COMMITS_MAX && (count === 0 || bytes < GROUP_BYTES_MAX)) {
    for (const mutation of waiting[count].mutations) {
      bytes += mutation.tag === 'put' ? mutation.val.value.length : 0;
    }
    count += 1;
  }
  return waiting.splice(0, count);
}

/** Rows inside the platform's open transaction: it never commits, and what it wrote goes if the platform rolls back. */
export class JoinedSqlite {
  #db;
  #rows;

  constructor(db) {
    if (typeof db?.prepare !== 'function') {
      refuse('transaction', 'is no connection', 'give the DatabaseSync of node:sqlite on which you said BEGIN');
    }
    if (db.isTransaction === false || db.inTransaction === false) {
      refuse('transaction', 'is a connection with no open transaction', 'call BEGIN first');
    }
    this.#db = db;
    this.#rows = new SqliteRows(db);
  }

  get(keys) {
    return this.#rows.get(keys);
  }

  scan(range, limit, order) {
    return this.#rows.scan(range, limit, order);
  }

  commit(checks, mutations) {
    validateCommit(checks, mutations);
    try {
      this.#rows.exec('SAVEPOINT hookwright');
      const versions = this.#rows.apply(checks, mutations);
      this.#rows.exec('RELEASE hookwright');
      return versions;
    } catch (error) {
      throw this.#undone(error);
    }
  }

  #undone(error) {
    const code = error.errcode ?? 0;
    if (code === BUSY_SNAPSHOT || error.code === 'SQLITE_BUSY_SNAPSHOT' || this.#db.isTransaction === false) {
      return transactionAborted(error.message);
    }
    try {
      this.#rows.exec('ROLLBACK TO hookwright');
      this.#rows.exec('RELEASE hookwright');
    } catch (undoing) {
      return transactionAborted(`${error.message}; and undoing it: ${undoing.message}`);
    }
    return error instanceof StorageError ? error : notApplied(error.message);
  }
}

/** Whether another connection holds a lock. */
export function isBusy(error) {
  const primary = (error.errcode ?? 0) & 0xff;
  return primary === BUSY || primary === LOCKED || /^SQLITE_(BUSY|LOCKED)/.test(error.code ?? '');
}

function rollback(rows) {
  try {
    rows.exec('ROLLBACK');
  } catch {
    // SQLite has ended the transaction by itself.
  }
}
