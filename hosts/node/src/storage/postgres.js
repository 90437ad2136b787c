// The PostgreSQL store over `pg` (`docs/sql-store.md`). It has no dependency on `pg`: the application hands its pool over.

import { keyOf, validateCommit, validateGet, validateScan } from '../contract.js';
import { conflict, invalid, notApplied, StorageError, transactionAborted, unknown } from '../errors.js';
import { refuse } from '../input.js';

/** What `createSchema` runs. */
export const POSTGRES_SCHEMA = `CREATE TABLE IF NOT EXISTS hookwright (
    key varchar(255) COLLATE "C" NOT NULL PRIMARY KEY,
    value text NOT NULL,
    version bigint NOT NULL GENERATED ALWAYS AS IDENTITY
)`;

const GET = 'SELECT key, value, version FROM hookwright WHERE key = ANY($1::text[])';
const SCAN = 'SELECT key, value, version FROM hookwright WHERE key >= $1 AND key < $2 ORDER BY key';
const LOCK = 'SELECT key, version FROM hookwright WHERE key = ANY($1::text[]) ORDER BY key FOR UPDATE';
const INSERT = 'INSERT INTO hookwright (key, value) '
  + 'SELECT new.key, new.value FROM unnest($1::text[], $2::text[]) AS new(key, value) ORDER BY new.key COLLATE "C" ';
const INSERT_ABSENT = `${INSERT}ON CONFLICT (key) DO NOTHING RETURNING key, version`;
const UPSERT = `${INSERT}ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value, version = DEFAULT RETURNING key, version`;
const DELETE = 'DELETE FROM hookwright WHERE key = ANY($1::text[])';

// Two sessions that create the table at once meet in the catalogue.
const DUPLICATES = ['23505', '42P07', '42710'];
const SCHEMA_TRIES_MAX = 5;
// Connections of the pump's thread: each of its workers has one at a time.
const OWN_CONNECTIONS_MAX = 4;

/** A store in PostgreSQL, on connections of a `pg.Pool`. `createSchema` makes the table. */
export function postgresStorage(pool) {
  return new PostgresStorage(pool);
}

/** What is read of the table, by whatever runs a query: `rows(sql, values)` of whoever extends it. */
class PostgresReads {
  async get(keys) {
    validateGet(keys);
    return inOrder(keys, await this.rows(GET, [keys]));
  }

  async scan({ start, end }, limit, order) {
    validateScan({ start, end }, limit);
    const sql = `${SCAN}${order === 'reverse' ? ' DESC' : ''} LIMIT $3`;
    return (await this.rows(sql, [start, end, limit])).map(entry);
  }
}

export class PostgresStorage extends PostgresReads {
  #pool;

  constructor(pool) {
    super();
    if (typeof pool?.connect !== 'function' || typeof pool?.query !== 'function') {
      throw new TypeError('postgresStorage takes a `Pool` of `pg`');
    }
    this.#pool = pool;
  }

  /** How the pump's thread makes connections of its own: undefined if the pool's options cannot be taken there. */
  get portable() {
    const { password, ssl } = this.#pool.options ?? {};
    // The pool hides both secrets from those who copy its options.
    const secured = typeof ssl === 'object' && ssl !== null ? { ...ssl, key: ssl.key } : ssl;
    const options = { ...this.#pool.options, password, ssl: secured, max: OWN_CONNECTIONS_MAX };
    for (const [name, value] of Object.entries(options)) {
      // The pool's own log and promise are no loss; a function that makes passwords would be.
      if (typeof value === 'function' && (name === 'log' || name === 'Promise')) {
        delete options[name];
      }
    }
    try {
      const args = [structuredClone(options)];
      return { module: new URL('./postgres-own.js', import.meta.url).href, name: 'OwnPostgres', args };
    } catch {
      return undefined;
    }
  }

  /** Makes the table, outside any transaction. It may be called at every start. */
  async createSchema() {
    for (let left = SCHEMA_TRIES_MAX; ; left -= 1) {
      try {
        await this.#pool.query(POSTGRES_SCHEMA);
        return;
      } catch (error) {
        if (left === 0 || !DUPLICATES.includes(error.code)) {
          throw error;
        }
      }
    }
  }

  async commit(checks, mutations) {
    validateCommit(checks, mutations);
    const client = await this.#connect();
    const query = (sql, values) => client.query(sql, values);
    let broken;
    try {
      let versions;
      try {
        await query('BEGIN ISOLATION LEVEL READ COMMITTED');
        versions = await apply(query, checks, mutations);
      } catch (error) {
        broken = await undo(query);
        throw error instanceof StorageError ? error : ownError(error);
      }
      try {
        const ended = await query('COMMIT');
        if (ended.command === 'ROLLBACK') {
          throw notApplied('the server rolled the commit back');
        }
        return versions;
      } catch (error) {
        broken = error;
        throw error instanceof StorageError ? error : commitError(error);
      }
    } finally {
      client.release(broken);
    }
  }

  /** The store inside the open transaction of a client of `pg`, or of whatever else has its `query(text, values)`. */
  join(client) {
    return new JoinedPostgres(client);
  }

  async rows(sql, values) {
    try {
      return (await this.#pool.query(sql, values)).rows;
    } catch (error) {
      throw ownError(error);
    }
  }

  async #connect() {
    try {
      const client = await this.#pool.connect();
      // A connection that is lost while it is lent fails its query; nobody else need hear of it.
      if (client.listenerCount('error') === 0) {
        client.on('error', () => {});
      }
      return client;
    } catch (error) {
      throw notApplied(error.message);
    }
  }
}

// What is under way on a connection that was joined: whoever goes back to a savepoint undoes everything since, so nothing
// of another call may have got in between.
const underWay = new WeakMap();
let savepoints = 0;

/** Rows inside the platform's open transaction: a savepoint, and never a commit. */
class JoinedPostgres extends PostgresReads {
  #query;
  #connection;

  constructor(client) {
    super();
    if (typeof client?.query !== 'function') {
      refuse('transaction', 'is no connection', 'give the client on which you said BEGIN');
    }
    // An entity manager of TypeORM and its query runner are two names of one connection.
    this.#connection = client.queryRunner ?? client;
    // A client of `pg` answers a result, a query runner of TypeORM the rows themselves.
    this.#query = async (sql, values) => {
      const result = await client.query(sql, values);
      return Array.isArray(result) ? { rows: result } : result;
    };
  }

  commit(checks, mutations) {
    validateCommit(checks, mutations);
    return this.#saved(() => apply(this.#query, checks, mutations));
  }

  // A failed statement fails the whole transaction until somebody goes back to a savepoint, so reads set one, too.
  rows(sql, values) {
    return this.#saved(async () => (await this.#query(sql, values)).rows);
  }

  #saved(run) {
    const before = underWay.get(this.#connection) ?? Promise.resolve();
    const running = before.then(() => this.#savedAlone(run));
    underWay.set(this.#connection, running.catch(() => {}));
    return running;
  }

  async #savedAlone(run) {
    // Each has a name of its own: if queries do get in between, a savepoint that is gone is missed, and not mistaken.
    savepoints += 1;
    const name = `hookwright_${savepoints}`;
    try {
      await this.#query(`SAVEPOINT ${name}`);
      const answer = await run();
      await this.#query(`RELEASE SAVEPOINT ${name}`);
      return answer;
    } catch (error) {
      throw await this.#undone(error, name);
    }
  }

  async #undone(error, name) {
    if (!(error instanceof StorageError) && losesTransaction(error)) {
      return transactionAborted(error.message);
    }
    try {
      await this.#query(`ROLLBACK TO SAVEPOINT ${name}`);
      await this.#query(`RELEASE SAVEPOINT ${name}`);
    } catch (undoing) {
      return transactionAborted(`${error.message}; and undoing it: ${undoing.message}`);
    }
    return error instanceof StorageError ? error : ownError(error);
  }
}

// The statements of a commit inside whatever transaction is open, in the order of `docs/sql-store.md`.
async function apply(query, checks, mutations) {
  const absent = new Set(checks.filter(({ version }) => version == null).map(({ key }) => key));
  const puts = mutations.filter(({ tag }) => tag === 'put').map(({ val }) => val);
  const deleted = mutations.filter(({ tag }) => tag === 'delete').map(keyOf);
  const versions = new Map();

  const touched = new Set([...checks.map(({ key }) => key), ...mutations.map(keyOf)]);
  // What is inserted under a check of its absence alone needs no lock: the insert is the check.
  if (touched.size > absent.size) {
    const locked = await query(LOCK, [[...touched]]);
    const present = new Map(locked.rows.map(({ key, version }) => [key, BigInt(version)]));
    const failed = checks.flatMap(({ key, version }, index) =>
      present.get(key) === (version ?? undefined) ? [] : [index]);
    if (failed.length > 0) {
      throw conflict(failed);
    }
  }
  const inserts = puts.filter(({ key }) => absent.has(key));
  if (inserts.length > 0) {
    const { rows } = await query(INSERT_ABSENT, columns(inserts));
    note(versions, rows);
    const failed = checks.flatMap(({ key, version }, index) =>
      version == null && !versions.has(key) ? [index] : []);
    if (failed.length > 0) {
      throw conflict(failed);
    }
  }
  const others = puts.filter(({ key }) => !absent.has(key));
  if (others.length > 0) {
    note(versions, (await query(UPSERT, columns(others))).rows);
  }
  if (deleted.length > 0) {
    await query(DELETE, [deleted]);
  }
  return puts.map(({ key }) => versions.get(key));
}

function columns(puts) {
  return [puts.map(({ key }) => key), puts.map(({ value }) => value)];
}

function note(versions, rows) {
  for (const { key, version } of rows) {
    versions.set(key, BigInt(version));
  }
}

function inOrder(keys, rows) {
  const byKey = new Map(rows.map((row) => [row.key, entry(row)]));
  return keys.map((key) => byKey.get(key));
}

function entry({ key, value, version }) {
  return { key, value, version: BigInt(version) };
}

// Ends a transaction that failed. A connection on which not even that succeeds is not used again.
async function undo(query) {
  try {
    await query('ROLLBACK');
    return undefined;
  } catch (error) {
    return error;
  }
}

// Before `COMMIT` is sent nothing can have been applied.
function ownError(error) {
  return error.code === '22021' ? invalid(error.message) : notApplied(error.message);
}

function commitError(error) {
  const { code } = error;
  const lost = code === undefined || code === '40003' || /^08|^57P0[123]$|^E[A-Z]+$/.test(code);
  return lost ? unknown(error.message) : notApplied(error.message);
}

// The locks or the snapshot that led here are the platform's, or the connection is gone.
function losesTransaction({ code }) {
  return code === undefined || /^(40P01|40001|55P03|57014|25P02|08.*|57P0[123]|E[A-Z]+)$/.test(code);
}
