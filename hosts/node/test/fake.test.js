// The fake that platforms use in their own tests.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Hookwright, verify } from '../src/index.js';
import { acceptInvoice, openFake, TENANT } from './support/open.js';

test('a fake records events and requests, and its assertions find them', async (t) => {
  const fake = await openFake(t);
  const url = 'https://hooks.example.com/in';
  const { secret } = await fake.register(TENANT, { url, events: ['invoice.*'] });
  fake.assertNotAccepted();
  const event = { type: 'invoice.paid', id: 'a', data: { amount: 42, more: { x: 1 } } };
  await fake.onEvent(event, { tenant: TENANT });
  fake.onEventSync({ type: 'invoice.sent', id: 'b' }, { tenant: TENANT, transaction: {} });
  fake.assertAccepted('invoice.paid', { data: { more: { x: 1 } } });
  fake.assertNotAccepted('invoice.deleted');
  assert.throws(() => fake.assertAccepted('invoice.paid', { data: { amount: 43 } }), assert.AssertionError);
  assert.throws(() => fake.assertNotAccepted('invoice.sent'), assert.AssertionError);
  fake.answer(url, 500);
  const request = await fake.assertDelivered(url, ({ body }) => body.includes('42'));
  assert.equal((await verify(request, secret)).kind, 'verified');
  await assert.rejects(fake.assertDelivered('https://elsewhere.example/'), assert.AssertionError);
  const { messageId } = fake.assertAccepted('invoice.paid');
  const { attempts: [attempt] } = await fake.message(TENANT, messageId);
  assert.deepEqual([attempt.state, attempt.status], ['retrying', 500]);
  assert.equal(fake.sent.length, 2);
});

test('a fake records an event as it would be stored', async (t) => {
  const fake = await openFake(t);
  const at = new Date('2025-02-04T12:00:00Z');
  const data = { at, none: undefined, total: { toJSON: () => '42.00' } };
  const event = { type: 'invoice.paid', data, subject: undefined, change() {} };
  const { messageId } = await fake.onEvent(event, { tenant: TENANT });
  const stored = { at: '2025-02-04T12:00:00.000Z', total: '42.00' };
  const { event: recorded } = fake.assertAccepted('invoice.paid', { data: stored });
  assert.deepEqual(recorded.data, (await fake.message(TENANT, messageId)).event.data);
});

test('a fake delivers while timers, microtasks and the clock are replaced', async (t) => {
  const names = ['setTimeout', 'setImmediate', 'setInterval', 'queueMicrotask', 'Date'];
  const real = Object.fromEntries(names.map((name) => [name, globalThis[name]]));
  const realNow = performance.now;
  t.after(() => {
    Object.assign(globalThis, real);
    performance.now = realNow;
  });
  // A clock that stands still, as `vi.useFakeTimers()` and `mock.timers` make one.
  class FrozenDate extends real.Date {
    static now = () => 0;
  }
  Object.assign(globalThis, Object.fromEntries(names.map((name) => [name, () => ({ unref() {} })])), { Date: FrozenDate });
  performance.now = () => 0;
  const fake = await Hookwright.fake();
  const url = 'https://hooks.example.com/in';
  await fake.register(TENANT, { url, events: ['*'] });
  const { messageId } = await acceptInvoice(fake, 'a');
  const { headers } = await fake.assertDelivered(url);
  assert.equal(headers['webhook-id'], messageId);
  assert.ok(Number(headers['webhook-timestamp']) > 1_700_000_000, 'the time is that of the system');
  await fake.close();
});

test('a closed Hookwright refuses every call', async (t) => {
  const fake = await openFake(t);
  await fake.close();
  await fake.close();
  const rows = [
    { name: 'list', call: () => fake.list(TENANT) },
    { name: 'onEvent', call: () => acceptInvoice(fake, 'a') },
    { name: 'deliver', call: () => fake.deliver() },
    { name: 'start', call: async () => fake.start() },
  ];
  for (const { name, call } of rows) {
    await assert.rejects(call(), /has been closed/, name);
  }
});
