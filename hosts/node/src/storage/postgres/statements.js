// The statements on the one SQL table in PostgreSQL (`docs/sql-store.md`), without transactions of their own.
// `query(sql, values)` runs one.

import { keyOf, requireChecks } from '../contract.js';
import { conflict } from '../errors.js';

/** The statement of `createSchema`. */
export const POSTGRES_SCHEMA = `CREATE TABLE IF NOT EXISTS hookwright (
    key varchar(255) COLLATE "C" NOT NULL PRIMARY KEY,
    value text NOT NULL,
    version bigint NOT NULL GENERATED ALWAYS AS IDENTITY
)`;

// `tableoid` shows which table a platform's connection uses.
const GET = 'SELECT key, value, version, tableoid FROM hookwright WHERE key = ANY($1::text[])';
const SCAN = 'SELECT key, value, version, tableoid FROM hookwright WHERE key >= $1 AND key < $2 ORDER BY key';
const LOCK = 'SELECT key, version, tableoid FROM hookwright WHERE key = ANY($1::text[]) ORDER BY key FOR UPDATE';
const INSERT = 'INSERT INTO hookwright (key, value) '
  + 'SELECT new.key, new.value FROM unnest($1::text[], $2::text[]) AS new(key, value) ORDER BY new.key COLLATE "C" ';
const INSERT_ABSENT = `${INSERT}ON CONFLICT (key) DO NOTHING RETURNING key, version, tableoid`;
const UPSERT = `${INSERT}ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value, version = DEFAULT `
  + 'RETURNING key, version, tableoid';
const DELETE = 'DELETE FROM hookwright WHERE key = ANY($1::text[])';

/** Returns the rows of the keys, in their order. */
export async function getRows(query, keys) {
  const { rows } = await query(GET, [keys]);
  const byKey = new Map(rows.map((row) => [row.key, entry(row)]));
  return keys.map((key) => byKey.get(key));
}

/** Returns the rows of a range, at most `limit`. */
export async function scanRows(query, { start, end }, limit, order) {
  const { rows } = await query(`${SCAN}${order === 'reverse' ? ' DESC' : ''} LIMIT $3`, [start, end, limit]);
  return rows.map(entry);
}

/**
 * Applies a commit inside the open transaction, in the order of `docs/sql-store.md`. Returns the versions of the puts.
 */
export async function applyCommit(query, checks, mutations) {
  const absent = new Set(checks.filter(({ version }) => version == null).map(({ key }) => key));
  await lockAndCheck(query, checks, mutations, absent);
  const puts = mutations.filter(({ tag }) => tag === 'put').map(({ val }) => val);
  const inserted = await write(query, INSERT_ABSENT, puts.filter(({ key }) => absent.has(key)));
  const failed = checks.flatMap(({ key }, index) => (absent.has(key) && !inserted.has(key) ? [index] : []));
  if (failed.length > 0) {
    throw conflict(failed);
  }
  const upserted = await write(query, UPSERT, puts.filter(({ key }) => !absent.has(key)));
  const deleted = mutations.filter(({ tag }) => tag === 'delete').map(keyOf);
  if (deleted.length > 0) {
    await query(DELETE, [deleted]);
  }
  return puts.map(({ key }) => inserted.get(key) ?? upserted.get(key));
}

// Locks the rows and checks their versions. A commit that only inserts absent keys needs no lock, because the insert is
// the check.
async function lockAndCheck(query, checks, mutations, absent) {
  const touched = new Set([...checks.map(({ key }) => key), ...mutations.map(keyOf)]);
  if (touched.size > absent.size) {
    const { rows } = await query(LOCK, [[...touched]]);
    const present = versionsOf(rows);
    requireChecks(checks, (key) => present.get(key));
  }
}

// Writes rows. Returns the versions of those that were written, by key.
async function write(query, sql, puts) {
  if (puts.length === 0) {
    return new Map();
  }
  const { rows } = await query(sql, [puts.map(({ key }) => key), puts.map(({ value }) => value)]);
  return versionsOf(rows);
}

function versionsOf(rows) {
  return new Map(rows.map(({ key, version }) => [key, BigInt(version)]));
}

function entry({ key, value, version }) {
  return { key, value, version: BigInt(version) };
}
