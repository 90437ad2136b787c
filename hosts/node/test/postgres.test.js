// Events in a PostgreSQL transaction of the platform, and the options of the workers' own pool.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { POSTGRES_SCHEMA, postgresStorage } from '../src/index.js';
import { acceptInvoice, deliverAll, invoicePaid, openSubscribed, TENANT } from './support/open.js';
import { startPostgres } from './support/postgres.js';
import { assertSentAtOnce } from './support/receiver.js';

let server;

before(async () => { server = await startPostgres(); });
after(() => server?.stop());

// Returns a pool and a store with an empty table, and a function that connects another client.
async function openPool() {
  const pool = new pg.Pool({ connectionString: server.url, max: 12 });
  pool.on('error', () => {});
  await pool.query('DROP TABLE IF EXISTS hookwright, invoices');
  const storage = postgresStorage(pool);
  await storage.createSchema();
  await storage.createSchema();
  const clients = [];
  const connect = async () => {
    const client = await pool.connect();
    // The server may end while the connection is being closed.
    client.on('error', () => {});
    clients.push(client);
    return client;
  };
  const close = async () => {
    clients.forEach((client) => client.release(true));
    await pool.end();
  };
  return { pool, storage, connect, close };
}

// Returns a Hookwright over PostgreSQL with a webhook, and the same as `openPool`.
async function openShared(t) {
  const opened = await openPool();
  const subscribed = await openSubscribed(t, { storage: opened.storage });
  t.after(opened.close);
  return { ...opened, ...subscribed };
}

test('an event is committed and rolled back with its transaction', async (t) => {
  const { webhooks, receiver, pool, connect } = await openShared(t);
  const client = await connect();
  await client.query('CREATE TABLE invoices (id text)');

  await client.query('BEGIN');
  await client.query("INSERT INTO invoices VALUES ('a')");
  await acceptInvoice(webhooks, 'a', { transaction: client });
  await client.query('ROLLBACK');
  assert.equal((await webhooks.deliver()).attempts, 0);

  await client.query('BEGIN');
  await client.query("INSERT INTO invoices VALUES ('b')");
  const { messageId } = await acceptInvoice(webhooks, 'b', { transaction: client });
  assert.equal((await webhooks.deliver()).attempts, 0);
  await client.query('COMMIT');
  assert.equal((await webhooks.deliver()).delivered, 1);
  assert.deepEqual(receiver.messageIds(), [messageId]);
  assert.deepEqual((await pool.query('SELECT id FROM invoices')).rows, [{ id: 'b' }]);
});

test('a transaction can be used and committed after a refused event', async (t) => {
  const { webhooks, connect } = await openShared(t);
  const client = await connect();
  const options = { tenant: TENANT, transaction: client };
  await client.query('BEGIN');
  assert.equal((await webhooks.onEvent(invoicePaid('a'), options)).new, true);
  assert.equal((await webhooks.onEvent(invoicePaid('a'), options)).new, false);
  await assert.rejects(webhooks.onEvent({ type: 'other', id: 'a' }, options), { name: 'ConflictError' });
  await assert.rejects(webhooks.onEvent({ type: 'not a type' }, options), { name: 'InvalidError', field: 'type' });
  await client.query('SELECT 1');
  await client.query('COMMIT');
  assert.equal((await webhooks.deliver()).delivered, 1);
});

test('an event in a failed transaction is refused with TransactionAbortedError', async (t) => {
  const { webhooks, connect } = await openShared(t);
  const client = await connect();
  await client.query('BEGIN');
  await assert.rejects(client.query('SELECT * FROM nowhere'));
  await assert.rejects(acceptInvoice(webhooks, 'a', { transaction: client }), {
    name: 'TransactionAbortedError', kind: 'transaction-aborted',
  });
  await client.query('ROLLBACK');
});

test('events accepted at the same time in one transaction do not undo each other', async (t) => {
  const { webhooks, receiver, pool, connect } = await openShared(t);
  // Makes instances for the calls below, so that they run at the same time. `d` is the duplicate.
  await Promise.all(['d', 'w-1', 'w-2', 'w-3'].map((id) => acceptInvoice(webhooks, id)));
  const client = await connect();
  // Each letter is an event: a duplicate (d), a new one (n) or a conflict (x). Duplicates and conflicts are rolled
  // back.
  for (const [n, order] of ['ddn', 'dnd', 'ndd', 'nnd', 'xdn', 'nxd', 'nnx'].entries()) {
    await client.query('BEGIN');
    const accepted = await Promise.allSettled([...order].map((letter, index) => {
      const event = letter === 'x' ? { type: 'other', id: 'd' } : invoicePaid(letter === 'd' ? 'd' : `n-${n}-${index}`);
      return webhooks.onEvent(event, { tenant: TENANT, transaction: client });
    }));
    await client.query('COMMIT');
    const outcomes = accepted.map(({ value, reason }) => (value === undefined ? reason.name : value.new));
    assert.deepEqual(outcomes, [...order].map((letter) => ({ d: false, n: true, x: 'ConflictError' })[letter]), order);
    for (const { value } of accepted.filter((one) => one.value?.new)) {
      assert.equal((await webhooks.message(TENANT, value.messageId)).id, value.messageId, order);
    }
  }
  await deliverAll(webhooks);
  assert.equal(receiver.requests.length, 13);
  const idle = await pool.query("SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction'");
  assert.equal(idle.rows[0].count, '0');
});

test('a call that is rolled back to its savepoint leaves the other calls of the transaction', async (t) => {
  const { storage, connect, close } = await openPool();
  t.after(close);
  const put = (key) => ({ tag: 'put', val: { key, value: '1' } });
  const [here, there] = await storage.commit([], [put('here'), put('there')]);
  const client = await connect();
  const copy = () => ({ query: (...args) => client.query(...args) });
  const queryRunner = { query: async (...args) => (await client.query(...args)).rows };
  const rows = [
    { name: 'a client', one: client, other: client },
    { name: "TypeORM's entity manager and query runner", one: { ...queryRunner, queryRunner }, other: queryRunner },
    { name: 'two objects over one client', one: copy(), other: copy() },
    { name: 'a client and an object over it', one: client, other: copy() },
    { name: 'a client and a query runner that uses it', one: { ...queryRunner, databaseConnection: client }, other: client },
  ];
  for (const { name, one, other } of rows) {
    await client.query('BEGIN');
    const [refused, written] = await Promise.allSettled([
      storage.join(one).commit([{ key: 'here', version: here }, { key: 'there' }], [put('here'), put('there')]),
      storage.join(other).commit([], [put('new')]),
    ]);
    const { command } = await client.query('COMMIT');
    assert.equal(refused.reason?.kind, 'conflict', name);
    assert.equal(written.reason, undefined, name);
    assert.equal(command, 'COMMIT', name);
    const found = await storage.get(['there', 'new']);
    assert.deepEqual(found.map((row) => row?.version), [there, written.value[0]], name);
    await storage.commit([], [{ tag: 'delete', val: 'new' }]);
  }
});

// Asserts that a connection is refused as `transaction`, and that the platform can go on with its own transaction.
async function assertNotJoined(webhooks, transaction, message, name) {
  await assert.rejects(acceptInvoice(webhooks, 'a', { transaction }), { name: 'InvalidError', field: 'transaction', message }, name);
}

test('a connection to another database, server or schema is refused, and its transaction can be committed', async (t) => {
  const { webhooks, pool, connect } = await openShared(t);
  const otherServer = await startPostgres();
  t.after(() => otherServer.stop());
  await pool.query('DROP DATABASE IF EXISTS copy');
  await pool.query('CREATE DATABASE copy');
  await pool.query('DROP SCHEMA IF EXISTS tenant_1 CASCADE; CREATE SCHEMA tenant_1');
  const schema = 'SET search_path TO tenant_1';
  const rows = [
    { name: 'another database', url: server.url.replace('/postgres?', '/copy?'), message: /to the database `copy`, but the store is in `postgres`/ },
    { name: 'another server', url: otherServer.url, message: /database `postgres` of another server/ },
    { name: 'another schema', url: server.url, first: schema, message: /the table of the schema `tenant_1`, but the store is in the schema `public`/ },
  ];
  for (const { name, url, first = 'SELECT 1', message } of rows) {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await client.query(first);
    await client.query(POSTGRES_SCHEMA);
    await client.query('CREATE TABLE IF NOT EXISTS things (id int)');
    const adapter = { query: (...args) => client.query(...args) };
    for (const transaction of [client, adapter]) {
      await client.query('BEGIN');
      await client.query('INSERT INTO things VALUES (1)');
      await assertNotJoined(webhooks, transaction, message, name);
      assert.equal((await client.query('COMMIT')).command, 'COMMIT', name);
    }
    await client.end();
  }
  // A schema that is chosen for one transaction only.
  const client = await connect();
  await client.query('BEGIN; SET LOCAL search_path TO tenant_1');
  await assertNotJoined(webhooks, client, /schema `tenant_1`/, 'SET LOCAL');
  await client.query('COMMIT');
  await client.query('BEGIN');
  assert.equal((await acceptInvoice(webhooks, 'b', { transaction: client })).new, true);
  await client.query('COMMIT');
});

test('a table that was made anew is the table of the store', async (t) => {
  const { webhooks, storage, pool, connect } = await openShared(t);
  await pool.query('DROP TABLE hookwright');
  await storage.createSchema();
  const client = await connect();
  await client.query('BEGIN');
  assert.equal((await acceptInvoice(webhooks, 'a', { transaction: client })).new, true);
  await client.query('COMMIT');
});

test('an object that is no connection with an open transaction is refused with the mistake', async (t) => {
  const { webhooks, pool, connect } = await openShared(t);
  const client = await connect();
  const query = (...args) => pool.query(...args);
  const rows = [
    { name: 'a client without BEGIN', transaction: client, message: /no open transaction \(call BEGIN first/ },
    { name: 'a pool', transaction: pool, message: /is a pool/ },
    { name: 'an object over a pool', transaction: { query }, message: /no open transaction .*pool/ },
    { name: "TypeORM's data source", transaction: { query, createQueryRunner() {} }, message: /is a data source/ },
    { name: "TypeORM's entity manager outside a transaction", transaction: { query, getRepository() {} }, message: /is an entity manager outside/ },
    { name: 'a connection of SQLite', transaction: { prepare() {}, exec() {} }, message: /is not a connection/ },
  ];
  for (const { name, transaction, message } of rows) {
    await assertNotJoined(webhooks, transaction, message, name);
  }
});

test("the workers' pool has the options of the application's pool, with its secrets", async (t) => {
  const ssl = { ca: 'c', cert: 'd', key: 'private' };
  // The pool hides the key of the object that it gets, so it gets a copy.
  const pool = new pg.Pool({ connectionString: server.url, password: 'geheim', ssl: { ...ssl } });
  t.after(() => pool.end());
  const [options] = postgresStorage(pool).portable.args;
  assert.deepEqual(options.ssl, ssl);
  assert.equal(options.password, 'geheim');
  for (const plain of [undefined, false, true]) {
    const other = new pg.Pool({ ssl: plain });
    assert.equal(postgresStorage(other).portable.args[0].ssl, plain);
    await other.end();
  }
});

test('transactions with different events do not wait for each other', async (t) => {
  const { webhooks, receiver, connect } = await openShared(t);
  const clients = await Promise.all(Array.from({ length: 8 }, connect));
  await Promise.all(clients.map((client) => client.query('BEGIN')));
  for (const [n, client] of clients.entries()) {
    await acceptInvoice(webhooks, `e-${n}`, { transaction: client });
  }
  // The second transaction with the same event waits for the first one. Other events go on.
  const repeated = acceptInvoice(webhooks, 'e-0', { transaction: clients[1] });
  await acceptInvoice(webhooks, 'other');
  await clients[0].query('COMMIT');
  assert.equal((await repeated).new, false);
  await Promise.all(clients.slice(1).map((client) => client.query('COMMIT')));
  webhooks.start();
  webhooks.signalWork();
  await receiver.count(9);
  await assertSentAtOnce(receiver, async (id) => {
    await clients[0].query('BEGIN');
    await acceptInvoice(webhooks, id, { transaction: clients[0] });
    await clients[0].query('COMMIT');
    webhooks.signalWork();
  });
});
