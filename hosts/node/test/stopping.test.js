// The ends of a Hookwright: deadlines of `stop` and `close`, calls in flight, workers that cannot start, and bounds.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Hookwright, InternalError, memoryStorage, UnavailableError } from '../src/index.js';
import { Pool } from '../src/component/pool.js';
import { GUEST_MS_MAX, INSTANCES_MAX } from '../src/support/limits.js';
import { ThreadWorkers } from '../src/worker/thread-workers.js';
import {
  acceptInvoice, openReceiver, openSubscribed, openWebhooks, SEALING_KEY, subscribe, temporarySqlite, TENANT,
} from './support/open.js';

const never = () => new Promise(() => {});
const module = (name) => new URL(`./support/${name}.js`, import.meta.url).href;
// Far less than the timeout of a request, which is 30 s at most.
const SOON_MS = 5_000;

async function assertSoon(promise, name) {
  const startedMs = performance.now();
  await promise;
  const tookMs = performance.now() - startedMs;
  assert.ok(tookMs < SOON_MS, `${name}: it took ${tookMs} ms`);
}

for (const ownThread of [true, false]) {
  const place = ownThread ? 'on a thread of their own' : "on the caller's thread";

  test(`workers ${place} are stopped at the deadline, and the next ones send the request again`, async (t) => {
    const logged = [];
    const { storage } = await temporarySqlite(t);
    const responses = [never, () => 200];
    const { webhooks, receiver } = await openSubscribed(t, {
      storage, workers: { ownThread }, log: (level, message) => logged.push([level, message]), respond: (n) => responses[Math.min(n, 1)](),
    });
    await webhooks.start();
    await acceptInvoice(webhooks, 1);
    await receiver.count(1);
    await assertSoon(webhooks.stop({ timeoutMs: 100 }), 'stop');
    assert.deepEqual(logged.map(([level]) => level), ['warn'], String(logged));
    assert.match(logged[0][1], /sent again when their leases end/);
    await webhooks.reclaimLeases();
    await webhooks.start();
    await receiver.count(2);
  });

  test(`close ends workers ${place} and calls at its deadline`, async (t) => {
    const { storage } = await temporarySqlite(t);
    const { webhooks, receiver, webhook } = await openSubscribed(t, { storage, workers: { ownThread }, respond: never, log: () => {} });
    await webhooks.start();
    await acceptInvoice(webhooks, 1);
    await receiver.count(1);
    const testing = assert.rejects(webhooks.testWebhook(TENANT, webhook.id), (error) => {
      assert.ok(error instanceof UnavailableError, error.stack);
      assert.match(error.message, /was closed before the call had ended/);
      return true;
    });
    await receiver.count(2);
    await assertSoon(webhooks.close({ timeoutMs: 100 }), 'close');
    await testing;
  });
}

test('close waits for the calls in flight', async (t) => {
  const response = Promise.withResolvers();
  const { webhooks, receiver, webhook } = await openSubscribed(t, { respond: () => response.promise });
  const testing = webhooks.testWebhook(TENANT, webhook.id);
  const accepted = Array.from({ length: 2 * INSTANCES_MAX }, (_, n) => acceptInvoice(webhooks, n));
  await receiver.count(1);
  const closing = webhooks.close();
  await assert.rejects(acceptInvoice(webhooks, 'late'), /has been closed/);
  response.resolve(200);
  await closing;
  assert.equal((await testing).state, 'delivered');
  assert.equal((await Promise.all(accepted)).length, 2 * INSTANCES_MAX);
});

test('close drains a call of deliver', async (t) => {
  const response = Promise.withResolvers();
  const { webhooks, receiver } = await openSubscribed(t, { respond: () => response.promise });
  await acceptInvoice(webhooks, 1);
  const delivering = webhooks.deliver({ timeMs: 60_000 });
  await receiver.count(1);
  const closing = webhooks.close();
  response.resolve(200);
  await closing;
  assert.equal((await delivering).delivered, 1);
});

test('workers whose thread cannot start are reported by start and in the log, once', async (t) => {
  const logged = [];
  const rows = [
    { name: 'a missing module', portable: { module: module('nowhere'), name: 'Store', args: [] }, message: /nowhere/ },
    { name: 'a class that throws', portable: { module: module('threads'), name: 'Throwing', args: [] }, message: /no such host/ },
  ];
  for (const { name, portable, message } of rows) {
    const webhooks = await openWebhooks(t, {
      storage: Object.assign(memoryStorage(), { portable }), log: (level, text) => logged.push(text),
    });
    for (let n = 1; n <= 2; n += 1) {
      await assert.rejects(webhooks.start(), (error) => {
        assert.ok(error instanceof InternalError, name);
        assert.match(error.message, /the worker thread cannot start: /, name);
        assert.match(error.message, message, name);
        assert.ok(error.cause instanceof Error, name);
        return true;
      });
      assert.equal(logged.length, n, name);
    }
    logged.splice(0);
    await webhooks.close();
  }
});

test('a thread of the workers that computes without a pause is replaced', async () => {
  const logged = Promise.withResolvers();
  const portable = { module: module('threads'), name: 'Computing', args: [] };
  const config = { profile: 'standard', profiles: [], sealingKeys: [{ id: 'k1', key: '07'.repeat(32) }], allowDestinations: [], plainHttp: 'allowed' };
  const setup = { config, egress: {}, storage: { portable }, world: { log: (_, message) => logged.resolve(message) } };
  const workers = new ThreadWorkers(setup, 1);
  const held = setInterval(() => {}, 1_000);
  await workers.started;
  assert.match(await logged.promise, new RegExp(`the worker thread ended: .*did not respond for ${GUEST_MS_MAX} ms`));
  clearInterval(held);
  await workers.stop(0);
});

test('an own thread is refused where it is impossible', async () => {
  const portable = { module: module('threads'), name: 'Throwing', args: [] };
  const rows = [
    { name: 'a store without `portable`', options: { storage: memoryStorage() }, message: /no `portable`/ },
    { name: 'a client', options: { storage: Object.assign(memoryStorage(), { portable }), client: { send() {} } }, message: /`client`/ },
    { name: 'a clock', options: { storage: Object.assign(memoryStorage(), { portable }), world: { now: () => 0n } }, message: /`world`/ },
  ];
  for (const { name, options, message } of rows) {
    const opening = Hookwright.open({ sealingKey: SEALING_KEY, ...options, workers: { ownThread: true } });
    await assert.rejects(opening, { name: 'InvalidError', field: 'workers.ownThread', message }, name);
  }
});

test('a second burst of calls uses the instances of the first one', async () => {
  let made = 0;
  const pool = new Pool(async () => {
    made += 1;
    return { ended: false, dispose() {} };
  });
  const burst = () => Promise.all(Array.from({ length: INSTANCES_MAX }, () => pool.run(() => new Promise(setImmediate))));
  await burst();
  assert.equal(made, INSTANCES_MAX);
  await burst();
  assert.equal(made, INSTANCES_MAX);
  pool.dispose();
});

test('the memory of an instance is bounded, and another instance takes its place', async (t) => {
  const storage = memoryStorage();
  const { webhooks } = await openSubscribed(t, { storage });
  const { scan } = storage;
  const value = 'x'.repeat(40_000_000);
  // More than 256 MiB in one result. A store of the platform may have such a fault.
  storage.scan = () => Array.from({ length: 10 }, (_, n) => ({ key: `k/${n}`, value, version: BigInt(n + 1) }));
  await assert.rejects(webhooks.list(TENANT), { name: 'TrapError', code: 'HOOKWRIGHT_TRAP' });
  storage.scan = scan;
  assert.equal((await webhooks.list(TENANT)).data.length, 1);
});

test('a thread of the workers outlives a block of the thread that watches it', async (t) => {
  const logged = [];
  const { storage } = await temporarySqlite(t);
  const { webhooks, receiver } = await openSubscribed(t, { storage, log: (_, message) => logged.push(message) });
  await webhooks.start();
  // Blocks this thread over a look at the workers' thread, and for longer than the thread may be silent.
  for (let n = 0; n < 2; n += 1) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, GUEST_MS_MAX / 2 + 500);
    await new Promise(setImmediate);
  }
  await acceptInvoice(webhooks, 1);
  await receiver.count(1);
  assert.deepEqual(logged, []);
});
