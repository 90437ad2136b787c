// The database and the table of a store, and the comparison with those of a platform's connection.

import { HOME_MS_MAX } from '../../support/limits.js';
import { after } from '../../support/timers.js';
import { notApplied } from '../errors.js';
import { refuseOtherDatabase } from '../transaction.js';
import { statementError } from './errors.js';

// The server's identifier is the same before and after a restart or a failover.
const SERVER = '(SELECT system_identifier::text FROM pg_control_system())';
const DATABASE = `SELECT current_database() AS database,
    (SELECT oid::text FROM pg_database WHERE datname = current_database()) AS oid`;
const TABLE = `SELECT oid::text AS oid, relnamespace::regnamespace::text AS schema
    FROM pg_class WHERE oid = to_regclass('hookwright')`;
const SCHEMA_OF = 'SELECT relnamespace::regnamespace::text AS schema FROM pg_class WHERE oid = $1';
// The errors of a user who may not read the server's identifier, and of a server that has none.
const NO_SERVER = ['42501', '42883'];

// The database of each connection of a platform. A connection never changes its database.
const databases = new WeakMap();

/** The database and the table of a store's own connections. `query(sql, values)` runs a statement on one of them. */
export class Home {
  #query;
  #reading = null;

  constructor(query) {
    this.#query = query;
  }

  /** Returns the database and the table. Reads them at the first call. */
  load() {
    this.#reading ??= this.#read().catch((error) => {
      this.#reading = null;
      throw statementError(error);
    });
    return this.#reading;
  }

  /** Throws unless the connection is to this database. */
  async requireDatabase(connection, query) {
    const { database: ours } = await soon(this.load());
    let theirs = databases.get(connection);
    if (theirs === undefined) {
      [theirs] = (await query(ours.server === undefined ? DATABASE : withServer())).rows;
      databases.set(connection, theirs);
    }
    if (theirs.server !== ours.server || theirs.oid !== ours.oid) {
      const server = theirs.server === ours.server ? '' : ' of another server';
      refuseOtherDatabase(`the database \`${theirs.database}\`${server}`, `\`${ours.database}\``);
    }
  }

  /** Throws unless rows that a connection has read or written are rows of this table. */
  async requireTable(rows, query) {
    const theirs = rows.length === 0 ? undefined : String(rows[0].tableoid);
    if (theirs === undefined || theirs === (await soon(this.load())).table.oid) {
      return;
    }
    // The table may have been made anew since it was read.
    this.#reading = null;
    const { table } = await soon(this.load());
    if (theirs !== table.oid) {
      const [found] = (await query(SCHEMA_OF, [theirs])).rows;
      refuseOtherDatabase(`the table of the schema \`${found.schema}\``, `the schema \`${table.schema}\``);
    }
  }

  async #read() {
    const [[database], [table = {}]] = [await this.#readDatabase(), (await this.#query(TABLE)).rows];
    return { database, table };
  }

  async #readDatabase() {
    try {
      return (await this.#query(withServer())).rows;
    } catch (error) {
      if (!NO_SERVER.includes(error.code)) {
        throw error;
      }
      return (await this.#query(DATABASE)).rows;
    }
  }
}

function withServer() {
  return `${DATABASE}, ${SERVER} AS server`;
}

// The pool may have no free connection, because the transactions that hold them wait for this answer.
async function soon(reading) {
  const deadline = after(HOME_MS_MAX);
  try {
    const read = await Promise.race([reading, deadline.reached]);
    if (read === undefined) {
      const use = "to compare the store's database with the transaction's";
      throw notApplied(`the pool had no free connection within ${HOME_MS_MAX} ms, ${use}`);
    }
    return read;
  } finally {
    deadline.stop();
  }
}
