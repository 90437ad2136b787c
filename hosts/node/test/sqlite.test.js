// Events in a SQLite transaction of the platform, and the SQLite store beside other connections.

import assert from 'node:assert/strict';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { NotFoundError, SQLITE_SCHEMA, sqliteStorage } from '../src/index.js';
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
  await webhooks.close();
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
