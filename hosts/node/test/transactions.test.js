// Events that are accepted in the platform's own transaction: they come and go with it.

import assert from 'node:assert/strict';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import pg from 'pg';
import { Hookwright, NotFoundError, postgresStorage, SQLITE_SCHEMA, sqliteStorage } from '../src/index.js';
import { KEY, LOOPBACK, openHooks, temporaryFolder, temporarySqlite } from './support/hooks.js';
import { startPostgres } from './support/postgres.js';
import { startReceiver, wakesAtOnce } from './support/receiver.js';

const event = (id) => ({ type: 'invoice.paid', id, data: { amount: 42 } });
let server;

before(async () => { server = await startPostgres(); });
after(() => server?.stop());

async function subscribed(t, hooks) {
  const receiver = await startReceiver();
  t.after(() => receiver.close());
  await hooks.register('acme', { url: receiver.url(), events: ['*'] });
  return receiver;
}

const ids = (receiver) => receiver.requests.map(({ headers }) => new Map(headers).get('webhook-id')).sort();

test('node:sqlite: an event goes with its transaction', async (t) => {
  const { file, storage } = await temporarySqlite(t);
  const hooks = await openHooks(t, { storage });
  const receiver = await subscribed(t, hooks);
  const db = new DatabaseSync(file);
  t.after(() => db.close());
  db.exec('CREATE TABLE invoices (id TEXT)');

  db.exec('BEGIN');
  db.exec("INSERT INTO invoices VALUES ('a')");
  await hooks.onEvent(event('a'), { tenant: 'acme', transaction: db });
  db.exec('ROLLBACK');
  assert.equal((await hooks.deliver()).attempts, 0);

  db.exec('BEGIN');
  db.exec("INSERT INTO invoices VALUES ('b')");
  const kept = await hooks.onEvent(event('b'), { tenant: 'acme', transaction: db });
  // Not before the commit.
  await assert.rejects(hooks.message('acme', kept.messageId), NotFoundError);
  db.exec('COMMIT');
  assert.equal((await hooks.deliver()).delivered, 1);
  assert.deepEqual(ids(receiver), [kept.messageId]);
  assert.deepEqual(db.prepare('SELECT id FROM invoices').all().map(({ id }) => id), ['b']);
});

test('node:sqlite: a synchronous transaction is written to before the call returns', async (t) => {
  const { file, storage } = await temporarySqlite(t);
  const hooks = await openHooks(t, { storage });
  await subscribed(t, hooks);
  const db = new DatabaseSync(file);
  t.after(() => db.close());
  db.exec('BEGIN');
  const one = hooks.onEventSync(event('a'), { tenant: 'acme', transaction: db });
  assert.equal(one.new, true);
  assert.equal(hooks.onEventSync(event('a'), { tenant: 'acme', transaction: db }).new, false);
  assert.throws(
    () => hooks.onEventSync({ type: 'other', id: 'a' }, { tenant: 'acme', transaction: db }),
    { name: 'ConflictError', kind: 'conflict' },
  );
  // A promise that nobody awaits has written, too.
  const promised = hooks.onEvent(event('b'), { tenant: 'acme', transaction: db });
  const two = hooks.onEventsSync([event('c'), event('d')], { tenant: 'acme', transaction: db });
  db.exec('COMMIT');
  assert.equal(two.length, 2);
  assert.equal((await promised).new, true);
  assert.equal((await hooks.deliver()).delivered, 4);
  assert.throws(() => hooks.onEventSync(event('e'), { tenant: 'acme', transaction: db }), /no open transaction/);
});

test('better-sqlite3: an event goes with its transaction', async (t) => {
  const { file, storage } = await temporarySqlite(t);
  const hooks = await openHooks(t, { storage });
  const receiver = await subscribed(t, hooks);
  const db = new Database(file);
  t.after(() => db.close());
  const pay = db.transaction((id, fails) => {
    const { messageId } = hooks.onEventSync(event(id), { tenant: 'acme', transaction: db });
    if (fails) {
      throw new Error('not paid');
    }
    return messageId;
  });
  assert.throws(() => pay('a', true), /not paid/);
  const kept = pay('b', false);
  assert.throws(
    () => db.transaction(() => hooks.onEventSync({ type: 'other', id: 'b' }, { tenant: 'acme', transaction: db }))(),
    { name: 'ConflictError' },
  );
  assert.throws(() => hooks.onEventSync(event('c'), { tenant: 'acme', transaction: db }), /no open transaction/);
  assert.equal((await hooks.deliver()).delivered, 1);
  assert.deepEqual(ids(receiver), [kept]);
});

test("node:sqlite: a table of the application's own making, in a file that is not in WAL mode", async (t) => {
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
  // While another has the lock, whatever the mode, a read waits for it.
  db.exec('BEGIN EXCLUSIVE');
  const reading = Promise.all([storage.get(['a']), storage.scan({ start: 'a', end: 'b' }, 1, 'forward')]);
  await sleep(100);
  db.exec('COMMIT');
  assert.deepEqual(await reading, [[undefined], []]);
  await storage.commit([], [{ tag: 'put', val: { key: 'a', value: '1' } }]);
  assert.equal(mode(), 'wal');
  // In WAL mode nobody who reads is waited for.
  db.exec('BEGIN; SELECT * FROM hookwright');
  await storage.commit([], [{ tag: 'delete', val: 'a' }]);
  db.exec('COMMIT');
});

test('node:sqlite: a connection that answers rows as arrays', async (t) => {
  const { file, storage } = await temporarySqlite(t);
  const hooks = await openHooks(t, { storage });
  const db = new DatabaseSync(file, { returnArrays: true });
  t.after(() => db.close());
  db.exec('BEGIN');
  const transaction = { tenant: 'acme', transaction: db };
  assert.equal(hooks.onEventSync(event('a'), transaction).new, true);
  assert.equal(hooks.onEventSync(event('a'), transaction).new, false);
  assert.throws(() => hooks.onEventSync({ type: 'other', id: 'a' }, transaction), { name: 'ConflictError' });
  db.exec('COMMIT');
});

test('node:sqlite: what still waits for a lock at the end is told of it', async (t) => {
  const { file, storage } = await temporarySqlite(t);
  const hooks = await Hookwright.open({ storage, sealingKey: KEY });
  const db = new DatabaseSync(file);
  t.after(() => db.close());
  db.exec('BEGIN IMMEDIATE');
  const accepting = hooks.onEvent(event('a'), { tenant: 'acme' });
  const committing = storage.commit([], [{ tag: 'delete', val: 'nothing' }]);
  const told = Promise.allSettled([accepting, committing]);
  // The commits have reached the thread, and wait there.
  await storage.get(['nothing']);
  await hooks.close();
  const [accepted, committed] = await told;
  assert.equal(accepted.reason?.name, 'UnavailableError', accepted.reason?.stack);
  assert.equal(committed.reason?.kind, 'not-applied');
  await assert.rejects(storage.get(['nothing']), { kind: 'not-applied' });
  // A thread that ends before it has answered: here because a folder is no file.
  const broken = sqliteStorage(temporaryFolder(t));
  await assert.rejects(broken.get(['nothing']), { kind: 'not-applied' });
  await assert.rejects(broken.commit([], [{ tag: 'delete', val: 'nothing' }]), { kind: 'unknown' });
  await broken.close();
});

test('node:sqlite: a pump beside an open transaction waits without stopping it', async (t) => {
  const { file, storage } = await temporarySqlite(t);
  const hooks = await openHooks(t, { storage });
  const receiver = await subscribed(t, hooks);
  await hooks.onEvent(event('a'), { tenant: 'acme' });
  const db = new DatabaseSync(file);
  t.after(() => db.close());
  db.exec('BEGIN IMMEDIATE');
  hooks.start();
  hooks.signalWork();
  // The pump cannot write now, and this thread goes on all the same.
  for (let n = 0; n < 10; n += 1) {
    hooks.onEventSync(event(`more-${n}`), { tenant: 'acme', transaction: db });
    await new Promise((resolve) => { setTimeout(resolve, 20); });
  }
  assert.equal(receiver.requests.length, 0);
  db.exec('COMMIT');
  hooks.signalWork();
  await receiver.count(11);
  await wakesAtOnce(receiver, (id) => {
    db.exec('BEGIN IMMEDIATE');
    hooks.onEventSync(event(id), { tenant: 'acme', transaction: db });
    db.exec('COMMIT');
    hooks.signalWork();
  });
});

async function openPostgres(t) {
  const pool = new pg.Pool({ connectionString: server.url, max: 12 });
  pool.on('error', () => {});
  await pool.query('DROP TABLE IF EXISTS hookwright, invoices');
  const storage = postgresStorage(pool);
  await storage.createSchema();
  await storage.createSchema();
  const hooks = await Hookwright.open({ storage, sealingKey: KEY, egress: LOOPBACK });
  const lent = [];
  t.after(async () => {
    lent.forEach((client) => client.release(true));
    await hooks.close();
    await pool.end();
  });
  const connect = async () => {
    const client = await pool.connect();
    // Connections that are ending may meet the server's end.
    client.on('error', () => {});
    lent.push(client);
    return client;
  };
  return { pool, hooks, connect };
}

test('pg: an event goes with its transaction', async (t) => {
  const { pool, hooks, connect } = await openPostgres(t);
  const receiver = await subscribed(t, hooks);
  const client = await connect();
  await client.query('CREATE TABLE invoices (id text)');

  await client.query('BEGIN');
  await client.query("INSERT INTO invoices VALUES ('a')");
  await hooks.onEvent(event('a'), { tenant: 'acme', transaction: client });
  await client.query('ROLLBACK');
  assert.equal((await hooks.deliver()).attempts, 0);

  await client.query('BEGIN');
  await client.query("INSERT INTO invoices VALUES ('b')");
  const kept = await hooks.onEvent(event('b'), { tenant: 'acme', transaction: client });
  assert.equal((await hooks.deliver()).attempts, 0);
  await client.query('COMMIT');
  assert.equal((await hooks.deliver()).delivered, 1);
  assert.deepEqual(ids(receiver), [kept.messageId]);
  assert.deepEqual((await pool.query('SELECT id FROM invoices')).rows, [{ id: 'b' }]);
});

test('pg: a refused event leaves the transaction as it was', async (t) => {
  const { hooks, connect } = await openPostgres(t);
  await subscribed(t, hooks);
  const client = await connect();
  const transaction = { tenant: 'acme', transaction: client };
  await client.query('BEGIN');
  assert.equal((await hooks.onEvent(event('a'), transaction)).new, true);
  assert.equal((await hooks.onEvent(event('a'), transaction)).new, false);
  await assert.rejects(hooks.onEvent({ type: 'other', id: 'a' }, transaction), { name: 'ConflictError' });
  await assert.rejects(hooks.onEvent({ type: 'not a type' }, transaction), { name: 'InvalidError', field: 'type' });
  // The transaction is as good as before.
  await client.query('SELECT 1');
  await client.query('COMMIT');
  assert.equal((await hooks.deliver()).delivered, 1);
});

test('pg: a transaction that has failed says so', async (t) => {
  const { hooks, connect } = await openPostgres(t);
  const client = await connect();
  await client.query('BEGIN');
  await assert.rejects(client.query('SELECT * FROM nowhere'));
  await assert.rejects(hooks.onEvent(event('a'), { tenant: 'acme', transaction: client }), {
    name: 'TransactionAbortedError', kind: 'transaction-aborted',
  });
  await client.query('ROLLBACK');
});

// Several events at once, `d` among them, so that what is accepted at once next finds instances that are ready.
const warm = (hooks) => Promise.all(['d', 'w-1', 'w-2', 'w-3'].map((id) => hooks.onEvent(event(id), { tenant: 'acme' })));

test('pg: events that are accepted at once in one transaction are in nobody\'s way', async (t) => {
  const { pool, hooks, connect } = await openPostgres(t);
  const receiver = await subscribed(t, hooks);
  await warm(hooks);
  const client = await connect();
  for (const [n, order] of ['ddn', 'dnd', 'ndd', 'nnd', 'xdn', 'nxd', 'nnx'].entries()) {
    await client.query('BEGIN');
    // Duplicates and refusals undo what they have written, and nothing else.
    const accepted = await Promise.allSettled([...order].map((kind, at) => {
      const one = kind === 'x' ? { type: 'other', id: 'd' } : event(kind === 'd' ? 'd' : `n-${n}-${at}`);
      return hooks.onEvent(one, { tenant: 'acme', transaction: client });
    }));
    await client.query('COMMIT');
    const told = accepted.map(({ value, reason }) => (value === undefined ? reason.name : value.new));
    assert.deepEqual(told, [...order].map((kind) => ({ d: false, n: true, x: 'ConflictError' })[kind]), order);
    for (const { value } of accepted.filter((one) => one.value?.new)) {
      assert.equal((await hooks.message('acme', value.messageId)).id, value.messageId, order);
    }
  }
  while ((await hooks.deliver()).attempts > 0);
  assert.equal(receiver.requests.length, 13);
  assert.equal((await pool.query("SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction'")).rows[0].count, '0');
});

test('pg: what one call undoes is its own', async (t) => {
  const { pool, connect } = await openPostgres(t);
  const storage = postgresStorage(pool);
  const put = (key) => ({ tag: 'put', val: { key, value: '1' } });
  const [here, there] = await storage.commit([], [put('here'), put('there')]);
  const client = await connect();
  const view = () => ({ query: (...args) => client.query(...args) });
  const queryRunner = { query: async (...args) => (await client.query(...args)).rows };
  for (const [name, one, other, lost] of [
    ['a client', client, client, false],
    ['an entity manager of TypeORM and its query runner', { ...queryRunner, queryRunner }, queryRunner, false],
    // Nobody can know that these are one connection; at least nothing is lost in silence.
    ['what has no identity', view(), view(), true],
  ]) {
    await client.query('BEGIN');
    const [refused, made] = await Promise.allSettled([
      storage.join(one).commit([{ key: 'here', version: here }, { key: 'there' }], [put('here'), put('there')]),
      storage.join(other).commit([], [put('new')]),
    ]);
    const { command } = await client.query('COMMIT');
    assert.equal(refused.reason?.kind, 'conflict', name);
    assert.equal(made.reason?.kind, lost ? 'transaction-aborted' : undefined, name);
    assert.equal(command, lost ? 'ROLLBACK' : 'COMMIT', name);
    const rows = await storage.get(['there', 'new']);
    assert.deepEqual(rows.map((row) => row?.version), [there, made.value?.[0]], name);
    await storage.commit([], [{ tag: 'delete', val: 'new' }]);
  }
});

test("pg: the pump's thread connects as the pool does", async (t) => {
  const pool = new pg.Pool({ connectionString: server.url, password: 'geheim', ssl: { ca: 'c', cert: 'd', key: 'private' } });
  t.after(() => pool.end());
  const [options] = postgresStorage(pool).portable.args;
  assert.deepEqual(options.ssl, { ca: 'c', cert: 'd', key: 'private' });
  assert.equal(options.password, 'geheim');
  for (const ssl of [undefined, false, true]) {
    const plain = new pg.Pool({ ssl });
    assert.equal(postgresStorage(plain).portable.args[0].ssl, ssl);
    await plain.end();
  }
});

test('pg: transactions do not wait for each other', async (t) => {
  const { hooks, connect } = await openPostgres(t);
  const receiver = await subscribed(t, hooks);
  const clients = await Promise.all(Array.from({ length: 8 }, connect));
  await Promise.all(clients.map((client) => client.query('BEGIN')));
  // Each is accepted while all the others are open.
  for (const [n, client] of clients.entries()) {
    await hooks.onEvent(event(`e-${n}`), { tenant: 'acme', transaction: client });
  }
  // The same event in two transactions: the second waits for the first's end, and holds up nobody else meanwhile.
  const again = hooks.onEvent(event('e-0'), { tenant: 'acme', transaction: clients[1] });
  await hooks.onEvent(event('other'), { tenant: 'acme' });
  await clients[0].query('COMMIT');
  assert.equal((await again).new, false);
  await Promise.all(clients.slice(1).map((client) => client.query('COMMIT')));
  hooks.start();
  hooks.signalWork();
  await receiver.count(9);
  await wakesAtOnce(receiver, async (id) => {
    await clients[0].query('BEGIN');
    await hooks.onEvent(event(id), { tenant: 'acme', transaction: clients[0] });
    await clients[0].query('COMMIT');
    hooks.signalWork();
  });
});
