// The SQLite store inside an open transaction of the platform. It sets savepoints and never commits.

import { refuse } from '../../support/input.js';
import { validateCommit } from '../contract.js';
import { StorageError, transactionAborted } from '../errors.js';
import { refuseNoTransaction, requireConnection } from '../transaction.js';
import { joinedError } from './errors.js';
import { requireSameFile } from './location.js';
import { SqliteRows } from './rows.js';

/** The rows inside a transaction of this connection. If the platform rolls it back, they are gone. */
export class JoinedSqlite {
  #db;
  #rows;

  constructor(db) {
    requireConnection(db);
    if (typeof db.prepare !== 'function' || typeof db.exec !== 'function') {
      refuse('transaction', 'is not a connection', 'pass the DatabaseSync of node:sqlite that began the transaction');
    }
    this.#db = db;
    this.#rows = new SqliteRows(db);
  }

  /** Throws unless a transaction is open, and writes to the table in the store's file. */
  requireTransaction(file) {
    if (this.#db.isOpen === false || this.#db.open === false) {
      refuse('transaction', 'is a closed connection', 'pass the connection that began the transaction');
    }
    if (this.#isOver()) {
      refuseNoTransaction('call BEGIN first');
    }
    requireSameFile(this.#attempt(() => this.#rows.databases()), file);
  }

  get(keys) {
    return this.#attempt(() => this.#rows.get(keys));
  }

  scan(range, limit, order) {
    return this.#attempt(() => this.#rows.scan(range, limit, order));
  }

  commit(checks, mutations) {
    validateCommit(checks, mutations);
    this.#attempt(() => this.#rows.exec('SAVEPOINT hookwright'));
    try {
      const versions = this.#rows.apply(checks, mutations);
      this.#rows.exec('RELEASE hookwright');
      return versions;
    } catch (error) {
      throw this.#undo(error);
    }
  }

  #attempt(run) {
    try {
      return run();
    } catch (error) {
      throw this.#translated(error);
    }
  }

  // Rolls back to the savepoint. Returns the error to throw.
  #undo(error) {
    const translated = this.#translated(error);
    if (translated.kind === 'transaction-aborted') {
      return translated;
    }
    try {
      this.#rows.exec('ROLLBACK TO hookwright');
      this.#rows.exec('RELEASE hookwright');
    } catch (undoing) {
      const message = `${error.message}; the rollback to the savepoint failed: ${undoing.message}`;
      return transactionAborted(message, { cause: error });
    }
    return translated;
  }

  #translated(error) {
    if (error instanceof StorageError) {
      return error;
    }
    return this.#isOver() ? transactionAborted(error.message, { cause: error }) : joinedError(error);
  }

  // SQLite itself ends the transaction after some errors.
  #isOver() {
    return this.#db.isTransaction === false || this.#db.inTransaction === false;
  }
}
