// Events in a SQLite transaction of the platform, and the SQLite store beside other connections.

import assert from 'node:assert/strict';
import { existsSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import Database from 'better-sqlite3';
import { NotFoundError, SQLITE_SCHEMA, sqliteStorage } from '../src/index.js';
import { SQLITE_BUSY_MS_MAX } from '../src/support/limits.js';
import { acceptInvoice, invoicePaid, openSubscribed, openWebhooks, temporaryFolder, temporarySqlite, TENANT } from './support/open.js';
import { assertSentAtOnce } from './support/receiver.js';

const CONFLICTING = (id) => ({ type: 'other', id });

// Returns a Hookwright over a SQLite file with a webhook, and a connection of the application to the same file.
async function openShared(t, options = {}) {
  const { file, storage } = await temporarySqlite(t);
  const db = new DatabaseSync(file, options);
  t.after(() => db.close());
  return { ...await openSubscribed(t, { storage }), file, storage, db };
}

test('node:sqlite: an event is committed and rolled back with its transaction', async (t) => {
  const { webhooks, receiver, db } = await openShared(t);
  db.exec('CREATE TABLE invoices (id TEXT)');

  db.exec('BEGIN');
  db.exec("INSERT INTO invoices VALUES ('a')");
  await acceptInvoice(webhooks, 'a', { transaction: db });
  db.exec('ROLLBACK');
  assert.equal((await webhooks.deliver()).attempts, 0);

  db.exec('BEGIN');
  db.exec("INSERT INTO invoices VALUES ('b')");
  const { messageId } = await acceptInvoice(webhooks, 'b', { transaction: db });
  await assert.rejects(webhooks.message(TENANT, messageId), NotFoundError, 'before the commit');
  db.exec('COMMIT');
  assert.equal((await webhooks.deliver()).delivered, 1);
  assert.deepEqual(receiver.messageIds(), [messageId]);
  assert.deepEqual(db.prepare('SELECT id FROM invoices').all().map(({ id }) => id), ['b']);
});

test('node:sqlite: an event is written before the call returns', async (t) => {
  const { webhooks, db } = await openShared(t);
  const options = { tenant: TENANT, transaction: db };
  db.exec('BEGIN');
  assert.equal(webhooks.onEventSync(invoicePaid('a'), options).new, true);
  assert.equal(webhooks.onEventSync(invoicePaid('a'), options).new, false);
  assert.throws(() => webhooks.onEventSync(CONFLICTING('a'), options), { name: 'ConflictError', kind: 'conflict' });
  const promised = webhooks.onEvent(invoicePaid('b'), options);
  assert.equal(webhooks.onEventsSync([invoicePaid('c'), invoicePaid('d')], options).length, 2);
  // The promise is awaited after the commit: its event was written before.
  db.exec('COMMIT');
  assert.equal((await promised).new, true);
  assert.equal((await webhooks.deliver()).delivered, 4);
  assert.throws(() => webhooks.onEventSync(invoicePaid('e'), options), /no open transaction/);
});

test('node:sqlite: a connection that returns rows as arrays can be joined', async (t) => {
  const { webhooks, db } = await openShared(t, { returnArrays: true });
  const options = { tenant: TENANT, transaction: db };
  db.exec('BEGIN');
  assert.equal(webhooks.onEventSync(invoicePaid('a'), options).new, true);
  assert.equal(webhooks.onEventSync(invoicePaid('a'), options).new, false);
  assert.throws(() => webhooks.onEventSync(CONFLICTING('a'), options), { name: 'ConflictError' });
  db.exec('COMMIT');
});

test('better-sqlite3: an event is committed and rolled back with its transaction', async (t) => {
  const { webhooks, receiver, file } = await openShared(t);
  const db = new Database(file);
  t.after(() => db.close());
  const options = { tenant: TENANT, transaction: db };
  const pay = db.transaction((id, fails) => {
    const { messageId } = webhooks.onEventSync(invoicePaid(id), options);
    if (fails) {
      throw new Error('not paid');
    }
    return messageId;
  });
  assert.throws(() => pay('a', true), /not paid/);
  const messageId = pay('b', false);
  const conflicting = db.transaction(() => webhooks.onEventSync(CONFLICTING('b'), options));
  assert.throws(conflicting, { name: 'ConflictError' });
  assert.throws(() => webhooks.onEventSync(invoicePaid('c'), options), /no open transaction/);
  assert.equal((await webhooks.deliver()).delivered, 1);
  assert.deepEqual(receiver.messageIds(), [messageId]);
});

// Connections that write to a table that is not the store's, by their name. Each gets the paths of the store and of another file.
const OTHER_DATABASES = {
  'another file': (file, other) => new DatabaseSync(other),
  'a database in memory': () => new DatabaseSync(':memory:'),
  'a temporary database': () => new DatabaseSync(''),
  'a temporary table over the file': (file) => {
    const db = new DatabaseSync(file);
    db.exec(SQLITE_SCHEMA.replace('CREATE TABLE', 'CREATE TEMP TABLE'));
    return db;
  },
  'another file to which the file is attached': (file, other) => {
    const db = new DatabaseSync(other);
    db.exec(`ATTACH '${file}' AS app`);
    return db;
  },
  'another file with better-sqlite3': (file, other) => new Database(other),
};

test('a connection to another database is refused, and its transaction can be committed', async (t) => {
  const { webhooks, file } = await openShared(t);
  for (const [name, open] of Object.entries(OTHER_DATABASES)) {
    const db = open(file, path.join(temporaryFolder(t), 'other.db'));
    t.after(() => db.close());
    db.exec(SQLITE_SCHEMA);
    db.exec('BEGIN; CREATE TABLE things (id)');
    const refused = { name: 'InvalidError', field: 'transaction', message: /is a connection to .*, but the store is in `.*app\.db`/ };
    assert.throws(() => webhooks.onEventSync(invoicePaid('a'), { tenant: TENANT, transaction: db }), refused, name);
    await assert.rejects(acceptInvoice(webhooks, 'a', { transaction: db }), refused, name);
    db.exec('COMMIT');
  }
});

test('a connection to the file by another path is joined', async (t) => {
  const { webhooks, file } = await openShared(t);
  const symbolic = path.join(temporaryFolder(t), 'symbolic.db');
  symlinkSync(file, symbolic);
  const attached = () => {
    const db = new DatabaseSync(':memory:');
    db.exec(`ATTACH '${file}' AS app`);
    return db;
  };
  const rows = [
    { name: 'a relative path', open: () => new DatabaseSync(path.relative('.', file)) },
    { name: 'a URL', open: () => new DatabaseSync(pathToFileURL(file)) },
    { name: 'a symbolic link', open: () => new DatabaseSync(symbolic) },
    { name: 'an attached file', open: attached },
  ];
  for (const { name, open } of rows) {
    const db = open();
    db.exec('BEGIN');
    assert.equal(webhooks.onEventSync(invoicePaid(name), { tenant: TENANT, transaction: db }).new, true, name);
    db.exec('ROLLBACK');
    db.close();
  }
});

test('a store in a file is refused with the mistake if it has no file', () => {
  const rows = [
    { name: 'nothing', file: undefined, message: /file: is missing/ },
    { name: 'a number', file: 7, message: /file: is a number/ },
    { name: 'an empty name', file: '', message: /only one connection sees/ },
    { name: 'a database in memory', file: ':memory:', message: /memoryStorage/ },
    { name: 'a URI of a database in memory', file: 'file:x?mode=memory', message: /memoryStorage/ },
    { name: 'a URL of a server', file: new URL('http://x.example/'), message: /scheme/ },
  ];
  for (const { name, file, message } of rows) {
    assert.throws(() => sqliteStorage(file), { name: 'InvalidError', field: 'file', message }, name);
  }
});

test('a store keeps its file when the working directory changes', async (t) => {
  const folder = temporaryFolder(t);
  const before = process.cwd();
  t.after(() => process.chdir(before));
  process.chdir(folder);
  const storage = sqliteStorage('app.db');
  t.after(() => storage.close());
  process.chdir(before);
  await storage.createSchema();
  assert.ok(existsSync(path.join(folder, 'app.db')));
});

test('an event that forgets the open transaction fails within the bound, with the mistake as the hint', async (t) => {
  const { webhooks, db } = await openShared(t);
  db.exec('BEGIN IMMEDIATE');
  const startedMs = performance.now();
  await assert.rejects(acceptInvoice(webhooks, 'a'), { name: 'UnavailableError', hint: /pass its connection as `transaction`/ });
  const waitedMs = performance.now() - startedMs;
  assert.ok(waitedMs < SQLITE_BUSY_MS_MAX + 2_000, `the call waited ${waitedMs} ms`);
  db.exec('COMMIT');
});

test('a statement that has not finished writing is named in the error, and the transaction can go on', async (t) => {
  const { webhooks, file } = await openShared(t);
  for (const Connection of [DatabaseSync, Database]) {
    const db = new Connection(file);
    t.after(() => db.close());
    db.exec('CREATE TABLE IF NOT EXISTS things (id)');
    db.exec('BEGIN IMMEDIATE');
    const writing = db.prepare('INSERT INTO things VALUES (1), (2) RETURNING id').iterate();
    writing.next();
    const options = { tenant: TENANT, transaction: db };
    assert.throws(() => webhooks.onEventSync(invoicePaid('a'), options), { kind: 'unavailable', hint: /fetch all rows/ });
    writing.return();
    assert.equal(webhooks.onEventSync(invoicePaid(Connection.name), options).new, true);
    db.exec('COMMIT');
  }
});

test('a transaction whose snapshot or lock is lost must be rolled back', async (t) => {
  const { webhooks, file, db } = await openShared(t);
  using other = new DatabaseSync(file, { timeout: 0 });
  db.exec('CREATE TABLE things (id)');
  const options = { tenant: TENANT, transaction: other };
  const refused = { name: 'TransactionAbortedError', hint: /BEGIN IMMEDIATE/ };
  other.exec('BEGIN');
  db.exec('BEGIN IMMEDIATE');
  assert.throws(() => webhooks.onEventSync(invoicePaid('a'), options), refused, 'a lock');
  db.exec('ROLLBACK');
  other.exec('ROLLBACK; BEGIN; SELECT * FROM things');
  db.exec('INSERT INTO things VALUES (1)');
  assert.throws(() => webhooks.onEventSync(invoicePaid('a'), options), refused, 'a snapshot');
  other.exec('ROLLBACK');
});

test('a file that is no database, or cannot be opened, is named in the error', async (t) => {
  const folder = temporaryFolder(t);
  const noDatabase = path.join(folder, 'notes.txt');
  writeFileSync(noDatabase, 'no database at all, but a text of some length '.repeat(50));
  const rows = [
    { name: 'a text file', file: noDatabase, hint: /not a SQLite database/ },
    { name: 'a missing folder', file: path.join(folder, 'nowhere', 'app.db'), hint: /folder of the file exists/ },
    { name: 'a database without the table', file: path.join(folder, 'empty.db'), hint: /createSchema/ },
  ];
  for (const { name, file, hint } of rows) {
    const storage = sqliteStorage(file);
    t.after(() => storage.close());
    await assert.rejects(openWebhooks(t, { storage }), (error) => {
      assert.equal(error.name, 'UnavailableError', name);
      assert.match(error.hint, hint, name);
      assert.equal(error.code, 'HOOKWRIGHT_UNAVAILABLE');
      assert.equal(error.cause.name, 'StorageError');
      return true;
    });
  }
});

test('a SQLite file is switched to WAL as soon as no other connection uses it', async (t) => {
  const file = path.join(temporaryFolder(t), 'app.db');
  const db = new DatabaseSync(file);
  t.after(() => db.close());
  db.exec(SQLITE_SCHEMA);
  const mode = () => {
    using other = new DatabaseSync(file);
    return other.prepare('PRAGMA journal_mode').get().journal_mode;
  };
  assert.equal(mode(), 'delete');
  const storage = sqliteStorage(file);
  t.after(() => storage.close());
  // Reads wait for another connection's exclusive lock in every mode.
  db.exec('BEGIN EXCLUSIVE');
  const reading = Promise.all([storage.get(['a']), storage.scan({ start: 'a', end: 'b' }, 1, 'forward')]);
  await sleep(100);
  db.exec('COMMIT');
  assert.deepEqual(await reading, [[undefined], []]);
  await storage.commit([], [{ tag: 'put', val: { key: 'a', value: '1' } }]);
  assert.equal(mode(), 'wal');
  // In WAL mode a commit does not wait for readers.
  db.exec('BEGIN; SELECT * FROM hookwright');
  await storage.commit([], [{ tag: 'delete', val: 'a' }]);
  db.exec('COMMIT');
});

test('a commit that waits for a lock fails with not-applied when the store is closed', async (t) => {
  const { file, storage } = await temporarySqlite(t);
  const webhooks = await openWebhooks(t, { storage });
  const db = new DatabaseSync(file);
  t.after(() => db.close());
  db.exec('BEGIN IMMEDIATE');
  const accepting = acceptInvoice(webhooks, 'a');
  const committing = storage.commit([], [{ tag: 'delete', val: 'nothing' }]);
  const outcomes = Promise.allSettled([accepting, committing]);
  // The result of a later read shows that the commits have reached the thread.
  await storage.get(['nothing']);
  await webhooks.close({ timeoutMs: 0 });
  const [accepted, committed] = await outcomes;
  assert.equal(accepted.reason?.name, 'UnavailableError', accepted.reason?.stack);
  assert.equal(committed.reason?.kind, 'not-applied');
  await assert.rejects(storage.get(['nothing']), { kind: 'not-applied' });
});

test('calls fail if the thread of the store ends: reads as not-applied, commits as unknown', async (t) => {
  // The thread ends at once, because a folder cannot be opened as a file.
  const storage = sqliteStorage(temporaryFolder(t));
  await assert.rejects(storage.get(['nothing']), { kind: 'not-applied' });
  await assert.rejects(storage.commit([], [{ tag: 'delete', val: 'nothing' }]), { kind: 'unknown' });
  await storage.close();
});

test('workers wait for a long transaction of the application without blocking it', async (t) => {
  const { webhooks, receiver, db } = await openShared(t);
  await acceptInvoice(webhooks, 'a');
  db.exec('BEGIN IMMEDIATE');
  webhooks.start();
  webhooks.signalWork();
  for (let n = 0; n < 10; n += 1) {
    webhooks.onEventSync(invoicePaid(`more-${n}`), { tenant: TENANT, transaction: db });
    await sleep(20);
  }
  assert.equal(receiver.requests.length, 0, 'the workers cannot write during the transaction');
  db.exec('COMMIT');
  webhooks.signalWork();
  await receiver.count(11);
  await assertSentAtOnce(receiver, (id) => {
    db.exec('BEGIN IMMEDIATE');
    webhooks.onEventSync(invoicePaid(id), { tenant: TENANT, transaction: db });
    db.exec('COMMIT');
    webhooks.signalWork();
  });
});
