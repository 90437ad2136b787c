// The pump in the background: it wakes, it drains, and nothing ends it but a stop.

import assert from 'node:assert/strict';
import { fork, spawn } from 'node:child_process';
import { getEventListeners, once } from 'node:events';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { memoryStorage, StorageError } from '../src/index.js';
import { openHooks, temporarySqlite } from './support/hooks.js';
import { startReceiver, wakesAtOnce } from './support/receiver.js';

const event = (n) => ({ type: 'invoice.paid', id: `e-${n}`, data: { n } });

for (const ownThread of [true, false]) {
  const where = ownThread ? 'on a thread of its own' : "on the caller's thread";

  test(`local events wake the pump ${where}, and stop drains it`, async (t) => {
    const { storage } = await temporarySqlite(t);
    const hooks = await openHooks(t, { storage, workers: { ownThread, count: 2 } });
    const receiver = await startReceiver();
    t.after(() => receiver.close());
    await hooks.register('acme', { url: receiver.url(), events: ['*'] });
    hooks.start();
    for (let n = 0; n < 50; n += 1) {
      await hooks.onEvent(event(n), { tenant: 'acme' });
    }
    await receiver.count(1);
    await hooks.stop();
    const sent = receiver.requests.length;
    // Whatever was in flight has been settled: nothing is sent twice afterwards.
    const rest = await hooks.deliver();
    assert.equal(sent + rest.attempts, 50);
    const bodies = new Set(receiver.requests.map(({ body }) => body.toString()));
    assert.equal(bodies.size, 50);
    hooks.start();
    await hooks.onEvent(event(50), { tenant: 'acme' });
    await receiver.count(51);
  });
}

for (const ownThread of [true, false]) {
  test(`a wake is no poll ${ownThread ? 'on a thread of its own' : "on the caller's thread"}`, async (t) => {
    const { storage } = await temporarySqlite(t);
    const hooks = await openHooks(t, { storage, workers: { ownThread } });
    const receiver = await startReceiver();
    t.after(() => receiver.close());
    await hooks.register('acme', { url: receiver.url(), events: ['*'] });
    hooks.start();
    await wakesAtOnce(receiver, (n) => hooks.onEvent(event(n), { tenant: 'acme' }));
  });
}

test('a signal stops the pump, and ends a delivery by hand', async (t) => {
  const receiver = await startReceiver();
  t.after(() => receiver.close());
  const hooks = await openHooks(t);
  await hooks.register('acme', { url: receiver.url(), events: ['*'] });
  const stopping = new AbortController();
  hooks.start({ signal: stopping.signal });
  await hooks.onEvent(event(1), { tenant: 'acme' });
  await receiver.count(1);
  stopping.abort();
  await hooks.stop();
  await assert.rejects(hooks.deliver({ signal: AbortSignal.abort() }), { name: 'AbortError' });
  await assert.rejects(hooks.onEvent(event(2), { signal: AbortSignal.abort() }), { name: 'AbortError' });
  const ending = new AbortController();
  const delivering = hooks.deliver({ timeMs: 60_000, signal: ending.signal });
  ending.abort();
  assert.equal((await delivering).attempts, 0);
});

test('a signal stops the pump that was started with it, and no later one', async (t) => {
  const hooks = await openHooks(t);
  const stopping = new AbortController();
  for (let n = 0; n < 3; n += 1) {
    hooks.start({ signal: stopping.signal });
    await hooks.stop();
    assert.equal(getEventListeners(stopping.signal, 'abort').length, 0);
  }
  const receiver = await startReceiver();
  t.after(() => receiver.close());
  await hooks.register('acme', { url: receiver.url(), events: ['*'] });
  hooks.start();
  stopping.abort();
  await hooks.onEvent(event(1), { tenant: 'acme' });
  await receiver.count(1);
});

test('whoever stops or closes what is stopping waits for its end, too', async (t) => {
  const holding = Promise.withResolvers();
  const receiver = await startReceiver(() => holding.promise);
  t.after(() => receiver.close());
  const hooks = await openHooks(t);
  await hooks.register('acme', { url: receiver.url(), events: ['*'] });
  hooks.start();
  await hooks.onEvent(event(1), { tenant: 'acme' });
  await receiver.count(1);
  let over = 0;
  const ending = [hooks.stop(), hooks.stop(), hooks.close(), hooks.close()].map((call) => call.then(() => { over += 1; }));
  // A request in flight holds all of them up.
  await setImmediate();
  assert.equal(over, 0);
  holding.resolve(200);
  await Promise.all(ending);
});

test('a program that is given as text has threads as well', async (t) => {
  const { file } = await temporarySqlite(t);
  const module = (path) => JSON.stringify(new URL(path, import.meta.url).href);
  const program = `
    import { Hookwright, sqliteStorage } from ${module('../src/index.js')};
    import { startReceiver } from ${module('./support/receiver.js')};
    const receiver = await startReceiver();
    const hooks = await Hookwright.open({
      storage: sqliteStorage(${JSON.stringify(file)}), sealingKey: 'k1:${'07'.repeat(32)}', egress: { allowDestinations: ['127.0.0.0/8'] },
    });
    await hooks.register('acme', { url: receiver.url(), events: ['*'] });
    hooks.start();
    await hooks.onEvent({ type: 'invoice.paid' }, { tenant: 'acme' });
    await receiver.count(1);
    await hooks.close();
    await receiver.close();`;
  for (const options of [['--input-type=module', '-e'], ['--max-old-space-size=500', '--input-type=module', '--eval']]) {
    const child = spawn(process.execPath, [...options, program], { stdio: 'inherit', timeout: 30_000 });
    const [code] = await once(child, 'exit');
    assert.equal(code, 0, options.join(' '));
  }
});

test('a store that fails for a while is met again', async (t) => {
  const storage = memoryStorage();
  const receiver = await startReceiver();
  t.after(() => receiver.close());
  const logged = [];
  const hooks = await openHooks(t, { storage, world: { log: (level, message) => logged.push(message) } });
  await hooks.register('acme', { url: receiver.url(), events: ['*'] });
  await hooks.onEvent(event(1), { tenant: 'acme' });
  const commit = storage.commit.bind(storage);
  let failures = 0;
  storage.commit = (...args) => {
    failures += 1;
    if (failures <= 3) {
      throw failures === 1 ? new Error('a bug of the driver') : new StorageError('not-applied', 'not now');
    }
    return commit(...args);
  };
  hooks.start();
  hooks.signalWork();
  await receiver.count(1);
  assert.ok(failures > 3);
});

test('a log that fails ends neither the pump nor the process', async (t) => {
  const receiver = await startReceiver();
  t.after(() => receiver.close());
  const [storage, { storage: portable }] = [memoryStorage(), await temporarySqlite(t)];
  let told = 0;
  const world = { log() {
    told += 1;
    throw new Error('the log is full');
  } };
  for (const store of [storage, portable]) {
    const hooks = await openHooks(t, { storage: store, world });
    await hooks.register('acme', { url: receiver.url(), events: ['*'] });
    hooks.start();
    if (store === storage) {
      const { scan } = storage;
      storage.scan = () => {
        storage.scan = scan;
        throw new Error('not now');
      };
    }
    const before = receiver.requests.length;
    await hooks.onEvent(event(1), { tenant: 'acme' });
    await receiver.count(before + 1);
    await hooks.stop();
  }
  assert.ok(told > 0);
});

test('the event loop stays free while deliveries go out', async (t) => {
  const { storage } = await temporarySqlite(t);
  const hooks = await openHooks(t, { storage });
  const child = fork(fileURLToPath(new URL('./support/counting.js', import.meta.url)), { stdio: 'inherit' });
  t.after(() => child.kill());
  const [port] = await once(child, 'message');
  for (let n = 0; n < 10; n += 1) {
    const url = `http://127.0.0.1:${port}/${n}`;
    await hooks.register('acme', { url, events: ['*'], concurrency: 64 });
  }
  for (let n = 0; n < 200; n += 100) {
    await hooks.onEvents(Array.from({ length: 100 }, (_, k) => event(n + k)), { tenant: 'acme' });
  }
  const delay = monitorEventLoopDelay({ resolution: 20 });
  const before = process.threadCpuUsage();
  delay.enable();
  hooks.start();
  hooks.signalWork();
  child.send(2_000);
  await once(child, 'message');
  delay.disable();
  const { user, system } = process.threadCpuUsage(before);
  const cpuMs = (user + system) / 1_000;
  const [p50, max] = [delay.percentile(50) / 1e6, delay.max / 1e6];
  t.diagnostic(`p50 ${p50.toFixed(1)} ms, max ${max.toFixed(1)} ms, ${cpuMs.toFixed(0)} ms of CPU`);
  // The machine may be busy with other things; this thread is not: 2,000 deliveries on it would take a second of CPU and more.
  // `npm run bench` measures delays.
  assert.ok(cpuMs < 400, `this thread took ${cpuMs} ms of CPU`);
});
