// The background workers: signals, stopping, and failures of the store and of the log.

import assert from 'node:assert/strict';
import { fork, spawn } from 'node:child_process';
import { getEventListeners, once } from 'node:events';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { memoryStorage, StorageError } from '../src/index.js';
import {
  acceptInvoice, invoicePaid, openReceiver, openSubscribed, openWebhooks, SEALING_KEY, subscribe, temporarySqlite, TENANT,
} from './support/open.js';
import { assertSentAtOnce } from './support/receiver.js';

for (const ownThread of [true, false]) {
  const place = ownThread ? 'on a thread of their own' : "on the caller's thread";

  test(`workers ${place} deliver events, and stop settles the attempts in flight`, async (t) => {
    const { storage } = await temporarySqlite(t);
    const { webhooks, receiver } = await openSubscribed(t, { storage, workers: { ownThread, count: 2 } });
    webhooks.start();
    for (let n = 0; n < 50; n += 1) {
      await acceptInvoice(webhooks, n);
    }
    await receiver.count(1);
    await webhooks.stop();
    const sent = receiver.requests.length;
    const rest = await webhooks.deliver();
    assert.equal(sent + rest.attempts, 50, 'no request is sent twice');
    assert.equal(new Set(receiver.messageIds()).size, 50);
    webhooks.start();
    await acceptInvoice(webhooks, 50);
    await receiver.count(51);
  });

  test(`workers ${place} deliver an event at once after a signal`, async (t) => {
    const { storage } = await temporarySqlite(t);
    const { webhooks, receiver } = await openSubscribed(t, { storage, workers: { ownThread } });
    webhooks.start();
    await assertSentAtOnce(receiver, (id) => acceptInvoice(webhooks, id));
  });
}

test('an aborted signal stops the workers, and ends a call of deliver', async (t) => {
  const { webhooks, receiver } = await openSubscribed(t);
  const stopping = new AbortController();
  webhooks.start({ signal: stopping.signal });
  await acceptInvoice(webhooks, 1);
  await receiver.count(1);
  stopping.abort();
  await webhooks.stop();
  await assert.rejects(webhooks.deliver({ signal: AbortSignal.abort() }), { name: 'AbortError' });
  await assert.rejects(acceptInvoice(webhooks, 2, { signal: AbortSignal.abort() }), { name: 'AbortError' });
  const ending = new AbortController();
  const delivering = webhooks.deliver({ timeMs: 60_000, signal: ending.signal });
  ending.abort();
  assert.equal((await delivering).attempts, 0);
});

test('a signal stops the workers that were started with it, and no later ones', async (t) => {
  const { webhooks, receiver } = await openSubscribed(t);
  const stopping = new AbortController();
  for (let n = 0; n < 3; n += 1) {
    webhooks.start({ signal: stopping.signal });
    await webhooks.stop();
    assert.equal(getEventListeners(stopping.signal, 'abort').length, 0);
  }
  webhooks.start();
  stopping.abort();
  await acceptInvoice(webhooks, 1);
  await receiver.count(1);
});

test('every call of stop and close waits for the attempts in flight', async (t) => {
  const response = Promise.withResolvers();
  const { webhooks, receiver } = await openSubscribed(t, { respond: () => response.promise });
  webhooks.start();
  await acceptInvoice(webhooks, 1);
  await receiver.count(1);
  let ended = 0;
  const calls = [webhooks.stop(), webhooks.stop(), webhooks.close(), webhooks.close()];
  const ending = calls.map((call) => call.then(() => { ended += 1; }));
  await setImmediate();
  assert.equal(ended, 0);
  response.resolve(200);
  await Promise.all(ending);
});

test('a program that is passed as text can start threads', async (t) => {
  const { file } = await temporarySqlite(t);
  const module = (path) => JSON.stringify(new URL(path, import.meta.url).href);
  const program = `
    import { Hookwright, sqliteStorage } from ${module('../src/index.js')};
    import { startReceiver } from ${module('./support/receiver.js')};
    const receiver = await startReceiver();
    const webhooks = await Hookwright.open({
      storage: sqliteStorage(${JSON.stringify(file)}), sealingKey: '${SEALING_KEY}', egress: { allowDestinations: ['127.0.0.0/8'] },
    });
    await webhooks.register('acme', { url: receiver.url(), events: ['*'] });
    webhooks.start();
    await webhooks.onEvent({ type: 'invoice.paid' }, { tenant: 'acme' });
    await receiver.count(1);
    await webhooks.close();
    await receiver.close();`;
  for (const options of [['--input-type=module', '-e'], ['--max-old-space-size=500', '--input-type=module', '--eval']]) {
    const child = spawn(process.execPath, [...options, program], { stdio: 'inherit', timeout: 30_000 });
    const [code] = await once(child, 'exit');
    assert.equal(code, 0, options.join(' '));
  }
});

test('workers go on after failures of the store', async (t) => {
  const storage = memoryStorage();
  const { webhooks, receiver } = await openSubscribed(t, { storage, log: () => {} });
  await acceptInvoice(webhooks, 1);
  const commit = storage.commit.bind(storage);
  let commits = 0;
  storage.commit = (...args) => {
    commits += 1;
    if (commits <= 3) {
      throw commits === 1 ? new Error('a bug of the driver') : new StorageError('not-applied', 'not now');
    }
    return commit(...args);
  };
  webhooks.start();
  webhooks.signalWork();
  await receiver.count(1);
  assert.ok(commits > 3);
});

test('workers go on after failures of the log', async (t) => {
  let logged = 0;
  const log = () => {
    logged += 1;
    throw new Error('the log is full');
  };
  const memory = memoryStorage();
  const { storage: sqlite } = await temporarySqlite(t);
  for (const storage of [memory, sqlite]) {
    const { webhooks, receiver } = await openSubscribed(t, { storage, log });
    webhooks.start();
    if (storage === memory) {
      // One failed scan makes the worker log a line.
      const { scan } = storage;
      storage.scan = () => {
        storage.scan = scan;
        throw new Error('not now');
      };
    }
    await acceptInvoice(webhooks, 1);
    await receiver.count(1);
    await webhooks.stop();
  }
  assert.ok(logged > 0);
});

for (const ownThread of [true, false]) {
  test(`the log names given-up deliveries and disabled webhooks, ${ownThread ? 'from' : 'without'} a thread`, async (t) => {
    const lines = [];
    const told = Promise.withResolvers();
    const log = (level, message) => {
      lines.push(`${level}: ${message}`);
      if (message.includes('was disabled')) {
        told.resolve();
      }
    };
    const { storage } = await temporarySqlite(t);
    const webhooks = await openWebhooks(t, { storage, log, workers: { ownThread }, limits: { disableAfterDeliveries: 1 } });
    const receiver = await openReceiver(t, () => 500);
    const { id } = await subscribe(webhooks, receiver.url(), { schedule: [] });
    await webhooks.start();
    const { messageId } = await acceptInvoice(webhooks, 'a');
    await told.promise;
    assert.equal(lines[0], `warn: webhook ${id} of tenant ${TENANT} has given up a delivery: ${messageId}; the last response was 500`);
    assert.match(lines[1], new RegExp(`^warn: webhook ${id} of tenant ${TENANT} was disabled: `));
    assert.equal(lines.length, 2);
  });
}

test('a logger with a method for each level gets the lines', async (t) => {
  const lines = [];
  const method = (level) => function log(message) {
    lines.push([level, message, this === logger]);
  };
  const logger = { error: method('error'), warn: method('warn'), info: method('info') };
  const { webhooks } = await openSubscribed(t, { log: logger, respond: () => 500 });
  await acceptInvoice(webhooks, 'a');
  await webhooks.deliver();
  const { data: [webhook] } = await webhooks.list(TENANT);
  await webhooks.update(TENANT, webhook.id, { schedule: [] });
  await acceptInvoice(webhooks, 'b');
  await webhooks.deliver();
  assert.deepEqual(lines.map(([level, , bound]) => [level, bound]), [['warn', true]]);
});

test('the event loop of the application stays free during deliveries', async (t) => {
  const { storage } = await temporarySqlite(t);
  const webhooks = await openWebhooks(t, { storage });
  const child = fork(fileURLToPath(new URL('./support/counting.js', import.meta.url)), { stdio: 'inherit' });
  t.after(() => child.kill());
  const [port] = await once(child, 'message');
  for (let n = 0; n < 10; n += 1) {
    await subscribe(webhooks, `http://127.0.0.1:${port}/${n}`, { concurrency: 64 });
  }
  for (let n = 0; n < 200; n += 100) {
    await webhooks.onEvents(Array.from({ length: 100 }, (_, k) => invoicePaid(n + k)), { tenant: TENANT });
  }
  const delay = monitorEventLoopDelay({ resolution: 20 });
  const before = process.threadCpuUsage();
  delay.enable();
  webhooks.start();
  webhooks.signalWork();
  child.send(2_000);
  await once(child, 'message');
  delay.disable();
  const { user, system } = process.threadCpuUsage(before);
  const cpuMs = (user + system) / 1_000;
  const [p50, max] = [delay.percentile(50) / 1e6, delay.max / 1e6];
  t.diagnostic(`p50 ${p50.toFixed(1)} ms, max ${max.toFixed(1)} ms, ${cpuMs.toFixed(0)} ms of CPU`);
  // CPU time, because a busy machine delays the event loop as well. On this thread 2,000 deliveries would take more
  // than 1 s of it.
  assert.ok(cpuMs < 400, `this thread used ${cpuMs} ms of CPU time`);
});
