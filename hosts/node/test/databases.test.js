// The meaning of database errors, and the settings of a connection during a commit, by the table that all hosts share.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { after, before, test } from 'node:test';
import pg from 'pg';
import * as postgres from '../src/storage/postgres/errors.js';
import { postgresStorage } from '../src/storage/postgres/store.js';
import * as sqlite from '../src/storage/sqlite/errors.js';
import { startPostgres } from './support/postgres.js';
import { temporarySqlite } from './support/open.js';

const { errors, settings } = JSON.parse(readFileSync(new URL('../../../tests/data/storage-kit/databases.json', import.meta.url)));
const PUT = { tag: 'put', val: { key: 'a', value: '1' } };
let server;

before(async () => { server = await startPostgres(); });
after(() => server?.stop());

function check({ statementError, commitError, joinedError }, errorOf, rows) {
  assert.ok(rows.length > 10);
  for (const { name, when, own, joined, hint, ...row } of rows) {
    const error = errorOf(row);
    const found = { own: (when === 'commit' ? commitError : statementError)(error), joined: joinedError(error) };
    assert.equal(found.own.kind, own, `${name}, own`);
    if (joined !== undefined) {
      assert.equal(found.joined.kind, joined, `${name}, joined`);
      assert.ok(hint === undefined || found.joined.hint.includes(hint), `${name}: ${found.joined.hint}`);
    }
    assert.equal(found.own.cause, error, name);
  }
}

test('errors of node:sqlite have the meaning of the table', () => {
  check(sqlite, ({ code, message }) => Object.assign(new Error(message), { code: 'ERR_SQLITE_ERROR', errcode: code }), errors.sqlite);
});

test('errors of better-sqlite3 have the meaning of the table', () => {
  const rows = errors.sqlite.map((row) => ({ ...row, code: /SQLITE_\w+/.exec(row.name)[0] }));
  check(sqlite, ({ code, message }) => Object.assign(new Error(message), { code }), rows);
});

test('errors of PostgreSQL have the meaning of the table', () => {
  check(postgres, ({ code }) => Object.assign(new Error('refused'), code === null ? {} : { code }), errors.postgres);
  for (const code of ['ECONNRESET', 'ETIMEDOUT']) {
    const error = Object.assign(new Error('lost'), { code });
    const kinds = [postgres.statementError, postgres.joinedError, postgres.commitError].map((meaning) => meaning(error).kind);
    assert.deepEqual(kinds, ['not-applied', 'transaction-aborted', 'unknown']);
  }
});

// Returns a client with the row's setting, in the server's form of a setting during the statements of a commit.
async function settingDuringCommit(connection, read, commit) {
  const values = [];
  const query = connection.query.bind(connection);
  connection.query = async (sql, values_) => {
    const result = await query(sql, values_);
    if (/^INSERT/.test(sql)) {
      const { rows: [row] } = await query(read);
      values.push(Object.values(row)[0]);
    }
    return result;
  };
  await commit();
  connection.query = query;
  assert.equal(values.length, 1);
  return values[0];
}

test('a connection to PostgreSQL has the settings of the table during a commit, and its own afterwards', async () => {
  const rows = settings.filter(({ database }) => database === 'postgres');
  assert.ok(rows.length > 1);
  for (const { name, set, read, own, joined } of rows) {
    const pool = new pg.Pool({ connectionString: server.url, max: 1 });
    const storage = postgresStorage(pool);
    await storage.createSchema();
    await storage.get(['a']);
    const client = await pool.connect();
    await client.query(set);
    const { rows: [before_] } = await client.query(read);
    await client.query('BEGIN');
    assert.equal(await settingDuringCommit(client, read, () => storage.join(client).commit([], [PUT])), joined, `${name}, joined`);
    await client.query('ROLLBACK');
    client.release();
    // The pool has one connection, so the store uses the same one.
    assert.equal(await settingDuringCommit(client, read, () => storage.commit([], [PUT])), own, `${name}, own`);
    assert.deepEqual((await pool.query(read)).rows, [before_], name);
    await pool.end();
  }
});

test('a connection of the platform to SQLite keeps its settings in a joined commit', async (t) => {
  const { file, storage } = await temporarySqlite(t);
  t.after(() => storage.close());
  for (const { name, set, read, joined } of settings.filter(({ database }) => database === 'sqlite')) {
    using db = new DatabaseSync(file);
    db.exec(set);
    db.exec('BEGIN IMMEDIATE');
    storage.join(db).commit([], [PUT]);
    assert.equal(String(Object.values(db.prepare(read).get())[0]), joined, name);
    db.exec('ROLLBACK');
  }
});
