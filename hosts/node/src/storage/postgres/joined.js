// The PostgreSQL store inside an open transaction of the platform. It sets savepoints and never commits.

import { HookwrightError } from '../../support/errors.js';
import { refuse } from '../../support/input.js';
import { validateCommit, validateGet, validateScan } from '../contract.js';
import { StorageError, transactionAborted } from '../errors.js';
import { refuseNoTransaction, requireConnection } from '../transaction.js';
import { joinedError } from './errors.js';
import { applyCommit, getRows, scanRows } from './statements.js';
import { inTurn } from './turns.js';

const NO_TRANSACTION = '25P01';
const BEGIN_HINT = 'call BEGIN first, and pass the client that began the transaction: the queries of a pool run on several '
  + 'connections';

let savepoints = 0;

/** The rows inside the transaction. If the platform rolls it back, they are gone. */
export class JoinedPostgres {
  #query;
  #connection;
  #home;

  /** @param {import('./home.js').Home} home the database and the table of the store */
  constructor(given, home) {
    requireConnection(given);
    if (typeof given.query !== 'function') {
      refuse('transaction', 'is not a connection', 'pass the client of `pg` that began the transaction');
    }
    this.#home = home;
    // TypeORM's entity manager and its query runner use a client of `pg`.
    const runner = given.queryRunner ?? given;
    this.#connection = runner.databaseConnection ?? runner;
    // A client of `pg` returns a result with `rows`. A query runner of TypeORM returns the rows themselves.
    this.#query = async (sql, values) => {
      const result = await given.query(sql, values);
      return Array.isArray(result) ? { rows: result } : result;
    };
  }

  // A failed statement fails the transaction until a rollback to a savepoint, so reads set one, too.
  async get(keys) {
    validateGet(keys);
    return this.#inTurn((query) => getRows(query, keys));
  }

  async scan(range, limit, order) {
    validateScan(range, limit);
    return this.#inTurn((query) => scanRows(query, range, limit, order));
  }

  commit(checks, mutations) {
    validateCommit(checks, mutations);
    return this.#inTurn((query) => applyCommit(query, checks, mutations));
  }

  async #inTurn(run) {
    return inTurn(await this.#processId(), () => this.#saved(run));
  }

  // The server's process is the connection.
  async #processId() {
    const { processID: known } = this.#connection;
    if (Number.isInteger(known)) {
      return known;
    }
    try {
      return (await this.#query('SELECT pg_backend_pid() AS pid')).rows[0].pid;
    } catch (error) {
      throw joinedError(error);
    }
  }

  async #saved(run) {
    // Each savepoint has a name of its own. If the platform rolls back further meanwhile, the name is missing, which is
    // an error. A shared name would release the wrong savepoint.
    savepoints += 1;
    const name = `hookwright_${savepoints}`;
    await this.#begin(name);
    try {
      await this.#home.requireDatabase(this.#connection, this.#query);
      const result = await run(async (sql, values) => {
        const { rows } = await this.#query(sql, values);
        await this.#home.requireTable(rows, this.#query);
        return { rows };
      });
      await this.#query(`RELEASE SAVEPOINT ${name}`);
      return result;
    } catch (error) {
      throw await this.#undo(error, name);
    }
  }

  async #begin(name) {
    try {
      await this.#query(`SAVEPOINT ${name}`);
    } catch (error) {
      if (error.code === NO_TRANSACTION) {
        refuseNoTransaction(BEGIN_HINT);
      }
      throw joinedError(error);
    }
  }

  // Rolls back to the savepoint. Returns the error to throw.
  async #undo(error, name) {
    const translated = error instanceof StorageError || error instanceof HookwrightError ? error : joinedError(error);
    if (translated.kind === 'transaction-aborted') {
      return translated;
    }
    try {
      await this.#query(`ROLLBACK TO SAVEPOINT ${name}`);
      await this.#query(`RELEASE SAVEPOINT ${name}`);
    } catch (undoing) {
      const message = `${error.message}; the rollback to the savepoint failed: ${undoing.message}`;
      return transactionAborted(message, { cause: error });
    }
    return translated;
  }
}
