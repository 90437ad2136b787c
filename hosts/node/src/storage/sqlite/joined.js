// The SQLite store inside an open transaction of the platform. It sets savepoints and never commits.

import { refuse } from '../../support/input.js';
import { validateCommit } from '../contract.js';
import { notApplied, StorageError, transactionAborted } from '../errors.js';
import { SqliteRows } from './rows.js';

const BUSY_SNAPSHOT = 517;

/** The rows inside the transaction. If the platform rolls it back, they are gone. */
export class JoinedSqlite {
  #db;
  #rows;

  constructor(db) {
    if (typeof db?.prepare !== 'function') {
      refuse('transaction', 'is not a connection', 'pass the DatabaseSync of node:sqlite that began the transaction');
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
      throw this.#undo(error);
    }
  }

  // Rolls back to the savepoint. Returns the error to throw.
  #undo(error) {
    if (error.errcode === BUSY_SNAPSHOT || error.code === 'SQLITE_BUSY_SNAPSHOT' || this.#db.isTransaction === false) {
      return transactionAborted(error.message);
    }
    try {
      this.#rows.exec('ROLLBACK TO hookwright');
      this.#rows.exec('RELEASE hookwright');
    } catch (undoing) {
      return transactionAborted(`${error.message}; the rollback to the savepoint failed: ${undoing.message}`);
    }
    return error instanceof StorageError ? error : notApplied(error.message);
  }
}
