// The PostgreSQL store inside an open transaction of the platform. It sets savepoints and never commits.

import { refuse } from '../../support/input.js';
import { validateCommit, validateGet, validateScan } from '../contract.js';
import { StorageError, transactionAborted } from '../errors.js';
import { abortsTransaction, statementError } from './errors.js';
import { applyCommit, getRows, scanRows } from './statements.js';

// The last call on each joined connection. Calls wait for each other, because a rollback to a savepoint undoes
// everything since.
const lastCalls = new WeakMap();
let savepoints = 0;

/** The rows inside the transaction. If the platform rolls it back, they are gone. */
export class JoinedPostgres {
  #query;
  #connection;

  constructor(client) {
    if (typeof client?.query !== 'function') {
      refuse('transaction', 'is not a connection', 'pass the client of `pg` that began the transaction');
    }
    // TypeORM's entity manager and its query runner are the same connection.
    this.#connection = client.queryRunner ?? client;
    // A client of `pg` returns a result with `rows`. A query runner of TypeORM returns the rows themselves.
    this.#query = async (sql, values) => {
      const result = await client.query(sql, values);
      return Array.isArray(result) ? { rows: result } : result;
    };
  }

  // A failed statement fails the transaction until a rollback to a savepoint, so reads set one, too.
  async get(keys) {
    validateGet(keys);
    return this.#inTurn(() => getRows(this.#query, keys));
  }

  async scan(range, limit, order) {
    validateScan(range, limit);
    return this.#inTurn(() => scanRows(this.#query, range, limit, order));
  }

  commit(checks, mutations) {
    validateCommit(checks, mutations);
    return this.#inTurn(() => applyCommit(this.#query, checks, mutations));
  }

  #inTurn(run) {
    const before = lastCalls.get(this.#connection) ?? Promise.resolve();
    const running = before.then(() => this.#saved(run));
    lastCalls.set(this.#connection, running.catch(() => {}));
    return running;
  }

  async #saved(run) {
    // Each savepoint has a name of its own. If the platform rolls back further meanwhile, the name is missing, which is
    // an error. A shared name would release the wrong savepoint.
    savepoints += 1;
    const name = `hookwright_${savepoints}`;
    try {
      await this.#query(`SAVEPOINT ${name}`);
      const result = await run();
      await this.#query(`RELEASE SAVEPOINT ${name}`);
      return result;
    } catch (error) {
      throw await this.#undo(error, name);
    }
  }

  // Rolls back to the savepoint. Returns the error to throw.
  async #undo(error, name) {
    if (!(error instanceof StorageError) && abortsTransaction(error)) {
      return transactionAborted(error.message);
    }
    try {
      await this.#query(`ROLLBACK TO SAVEPOINT ${name}`);
      await this.#query(`RELEASE SAVEPOINT ${name}`);
    } catch (undoing) {
      return transactionAborted(`${error.message}; the rollback to the savepoint failed: ${undoing.message}`);
    }
    return error instanceof StorageError ? error : statementError(error);
  }
}
