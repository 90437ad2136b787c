// The statements on the one SQL table in SQLite (`docs/sql-store.md`), over one connection, without transactions of
// their own.

import { keyOf, requireChecks, validateGet, validateScan } from '../contract.js';

/** The statement of `createSchema`. */
export const SQLITE_SCHEMA = `CREATE TABLE IF NOT EXISTS hookwright (
    version INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, value TEXT NOT NULL
)`;

const GET_ONE = 'SELECT key, value, version FROM hookwright WHERE key = ?';
const GET = 'SELECT key, value, version FROM hookwright WHERE key IN (SELECT value FROM json_each(?))';
const SCAN = 'SELECT key, value, version FROM hookwright WHERE key >= ? AND key < ? ORDER BY key';
const VERSION = 'SELECT version FROM hookwright WHERE key = ?';
const PUT = 'REPLACE INTO hookwright (key, value) VALUES (?, ?)';
const DELETE = 'DELETE FROM hookwright WHERE key = ?';
// The databases of the connection, in the order in which SQLite looks for a table: the temporary ones come first.
const DATABASES = "SELECT name, file FROM pragma_database_list ORDER BY name <> 'temp', seq";

/** The rows over a connection of `node:sqlite` or `better-sqlite3`. */
export class SqliteRows {
  #db;
  #statements = new Map();

  constructor(db) {
    this.#db = db;
  }

  exec(sql) {
    this.#db.exec(sql);
  }

  /** Returns the rows of the keys, in their order. One statement reads one snapshot. */
  get(keys) {
    validateGet(keys);
    const found = keys.length === 1
      ? this.#prepare(GET_ONE).all(keys[0])
      : this.#prepare(GET).all(JSON.stringify(keys));
    const byKey = new Map(found.map((row) => [row.key, row]));
    return keys.map((key) => byKey.get(key));
  }

  /** Returns the rows of a range, at most `limit`. */
  scan({ start, end }, limit, order) {
    validateScan({ start, end }, limit);
    const sql = `${SCAN} ${order === 'reverse' ? 'DESC' : 'ASC'} LIMIT ?`;
    return this.#prepare(sql).all(start, end, limit);
  }

  /** Applies a commit inside the open transaction. All checks are read before the first row is written. */
  apply(checks, mutations) {
    requireChecks(checks, (key) => this.#prepare(VERSION).get(key)?.version);
    return mutations.flatMap((mutation) => {
      if (mutation.tag === 'delete') {
        this.#prepare(DELETE).run(keyOf(mutation));
        return [];
      }
      const { key, value } = mutation.val;
      return [BigInt(this.#prepare(PUT).run(key, value).lastInsertRowid)];
    });
  }

  /** Returns the databases of the connection, with `{ name, file, hasTable() }`. */
  databases() {
    const found = this.#prepare(DATABASES).all();
    return found.map(({ name, file }) => ({ name, file, hasTable: () => this.#hasTable(name) }));
  }

  #hasTable(database) {
    const quoted = `"${database.replaceAll('"', '""')}"`;
    const named = "name = 'hookwright' COLLATE NOCASE AND type IN ('table', 'view')";
    return this.#prepare(`SELECT 1 FROM ${quoted}.sqlite_master WHERE ${named}`).get() !== undefined;
  }

  #prepare(sql) {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql);
      // Versions have 64 bits, more than a number holds.
      (statement.setReadBigInts ?? statement.safeIntegers).call(statement, true);
      // The application may have opened the connection with rows as arrays.
      statement.setReturnArrays?.(false);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}
