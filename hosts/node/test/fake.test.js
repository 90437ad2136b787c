// What a platform's own tests see: the fake, errors, and a receiver's look at signatures.

import assert from 'node:assert/strict';
import { cpSync, readFileSync, renameSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { Hookwright, InvalidError, memoryStorage, NotFoundError, verify } from '../src/index.js';
import { KEY, openHooks, temporaryFolder } from './support/hooks.js';
import { startReceiver } from './support/receiver.js';

test('a fake records, asserts and sends nothing', async (t) => {
  const fake = await Hookwright.fake();
  t.after(() => fake.close());
  const url = 'https://hooks.example.com/in';
  const { secret } = await fake.register('acme', { url, events: ['invoice.*'] });
  fake.assertNotAccepted();
  await fake.onEvent({ type: 'invoice.paid', id: 'a', data: { amount: 42, more: { x: 1 } } }, { tenant: 'acme' });
  fake.onEventSync({ type: 'invoice.sent', id: 'b' }, { tenant: 'acme', transaction: {} });
  fake.assertAccepted('invoice.paid', { data: { more: { x: 1 } } });
  fake.assertNotAccepted('invoice.deleted');
  assert.throws(() => fake.assertAccepted('invoice.paid', { data: { amount: 43 } }), assert.AssertionError);
  assert.throws(() => fake.assertNotAccepted('invoice.sent'), assert.AssertionError);
  fake.answer(url, 500);
  const request = await fake.assertDelivered(url, ({ body }) => body.includes('42'));
  assert.equal((await verify(request, secret)).kind, 'verified');
  await assert.rejects(fake.assertDelivered('https://elsewhere.example/'), assert.AssertionError);
  const { messageId } = fake.assertAccepted('invoice.paid');
  const { attempts: [attempt] } = await fake.message('acme', messageId);
  assert.deepEqual([attempt.state, attempt.status], ['retrying', 500]);
  assert.equal(fake.sent.length, 2);
});

test('a fake records of an event what would be stored', async (t) => {
  const fake = await Hookwright.fake();
  t.after(() => fake.close());
  const at = new Date('2025-02-04T12:00:00Z');
  const event = { type: 'invoice.paid', data: { at, none: undefined, total: { toJSON: () => '42.00' } }, subject: undefined };
  const { messageId } = await fake.onEvent({ ...event, change() {} }, { tenant: 'acme' });
  const { event: recorded } = fake.assertAccepted('invoice.paid', { data: { at: '2025-02-04T12:00:00.000Z', total: '42.00' } });
  assert.deepEqual(recorded.data, (await fake.message('acme', messageId)).event.data);
});

test('a signature is looked at by the code that makes it', async (t) => {
  const hooks = await openHooks(t);
  const receiver = await startReceiver();
  t.after(() => receiver.close());
  const { secret } = await hooks.register('acme', { url: receiver.url(), events: ['*'] });
  await hooks.onEvent({ type: 'invoice.paid', data: { text: 'é' } }, { tenant: 'acme' });
  await hooks.deliver();
  const [{ method, headers, body }] = receiver.requests;
  const came = { method, headers, body };
  const kind = async (request, ...rest) => (await verify(request, ...rest)).kind;
  assert.deepEqual(await verify(came, secret), { verified: true, kind: 'verified', detail: 'verified' });
  assert.equal(await kind(came, ['whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', secret], 'standard'), 'verified');
  assert.equal(await kind({ ...came, body: Buffer.concat([body, Buffer.from(' ')]) }, secret), 'mismatch');
  assert.equal(await kind({ ...came, headers: Object.fromEntries(headers) }, secret), 'verified');
  assert.equal(await kind({ ...came, headers: new Headers() }, secret), 'missing');
  const later = { now: () => BigInt(Date.now() + 3_600_000) * 1_000n };
  assert.equal(await kind(came, secret, 'standard', { world: later }), 'stale');
  assert.equal(await kind(came, secret, 'standard', { world: later, toleranceS: 7_200 }), 'verified');
  assert.equal(await kind(came, []), 'unverifiable');
  await assert.rejects(verify({ ...came, body: JSON.parse(body) }, secret), { name: 'InvalidError', field: 'body' });
  await assert.rejects(verify(came, 'no secret of this profile'), { name: 'InvalidError', field: 'secret' });
  await assert.rejects(verify(came, secret, 'nobody'), { name: 'InvalidError', field: 'profile' });
});

test('a look at a signature that traps spoils none of the next', async () => {
  const signed = {
    'webhook-id': 'msg_1', 'webhook-timestamp': String(Math.floor(Date.now() / 1_000)), 'webhook-signature': `v1,${'A'.repeat(43)}=`,
  };
  const look = (world) => verify({ headers: signed, body: '{}' }, `whsec_${'A'.repeat(32)}`, 'standard', { world });
  for (let n = 0; n < 3; n += 1) {
    await assert.rejects(look({ now: () => { throw new Error('no clock'); } }), { name: 'TrapError', kind: 'internal' });
    assert.equal((await look()).kind, 'mismatch');
  }
});

test('a component that could not be read once is read again', async (t) => {
  const folder = temporaryFolder(t);
  for (const part of ['src', 'component', 'package.json']) {
    cpSync(new URL(`../${part}`, import.meta.url), path.join(folder, part), { recursive: true });
  }
  const { compile } = await import(pathToFileURL(path.join(folder, 'src/component/compile.js')).href);
  const [core, away] = ['component.core2.wasm', 'away'].map((name) => path.join(folder, 'component', name));
  renameSync(core, away);
  await assert.rejects(compile(), { code: 'ENOENT' });
  renameSync(away, core);
  assert.equal((await compile()).size, 3);
});

test('there is a method, with a type, for every function of the WIT', async () => {
  const wit = readFileSync(new URL('../../../wit/webhooks.wit', import.meta.url), 'utf8');
  const names = [...wit.matchAll(/^  %?([a-z-]+): func\(/gm)].map(([, name]) => name.replace(/-(.)/g, (_, c) => c.toUpperCase()));
  assert.ok(names.length > 15);
  const types = readFileSync(new URL('../src/index.d.ts', import.meta.url), 'utf8');
  for (const name of names.filter((one) => one !== 'configure')) {
    assert.equal(typeof Hookwright.prototype[name], 'function', name);
    assert.match(types, new RegExp(`^  ${name}\\(`, 'm'), name);
  }
});

test('the types have the members that the answers have', async (t) => {
  const fake = await Hookwright.fake();
  t.after(() => fake.close());
  const { secret, ...webhook } = await fake.register('acme', { url: 'https://hooks.example.com/in', events: ['*'] });
  const { messageId } = await fake.onEvent({ type: 'invoice.paid' }, { tenant: 'acme' });
  const report = await fake.deliver();
  const since = new Date(Date.now() - 60_000).toISOString();
  const { id } = await fake.recover('acme', webhook.id, { since, until: new Date().toISOString() });
  await fake.deliver();
  const answers = {
    Webhook: webhook,
    Attempt: (await fake.attempts('acme', webhook.id)).data[0],
    Page: await fake.list('acme'),
    Message: await fake.message('acme', messageId),
    Explanation: await fake.explain('acme', messageId, webhook.id),
    Job: await fake.job('acme', id),
    DeliveryReport: report,
  };
  const types = readFileSync(new URL('../src/index.d.ts', import.meta.url), 'utf8');
  for (const [name, answer] of Object.entries(answers)) {
    const [, members] = new RegExp(`^export interface ${name}(?:<T>)? \\{\n([^]*?)\n\\}$`, 'm').exec(types);
    const declared = [...members.matchAll(/^  (\w+)(\??):/gm)];
    const [required, optional] = ['', '?'].map((mark) => declared.filter(([, , one]) => one === mark).map(([, one]) => one));
    const came = Object.keys(answer).filter((member) => !optional.includes(member));
    assert.deepEqual(came.sort(), required.sort(), name);
  }
});

test('errors are classes with kind, field and hint', async (t) => {
  const hooks = await openHooks(t);
  await assert.rejects(hooks.register('acme', { url: 'ftp://x', events: ['*'] }), (error) => {
    assert.ok(error instanceof InvalidError);
    assert.deepEqual([error.kind, error.field], ['invalid', 'url']);
    // Whoever sees the message alone sees all of it.
    assert.equal(error.message, `url: ${error.reason} (${error.hint})`);
    return true;
  });
  await assert.rejects(hooks.get('acme', 'wh_aaaaaaaaaaaaaaaaaaaaaaaaaa'), NotFoundError);
  await assert.rejects(hooks.onEvent({ type: 'a.b', id: 'x'.repeat(300_000) }), { kind: /invalid|too-large/ });
  const storage = { get: () => [], scan: () => { throw new Error('no such table'); }, commit: () => [] };
  await assert.rejects(Hookwright.open({ storage, sealingKey: KEY }), {
    name: 'UnavailableError', message: /^storage: cannot be read: no such table \(.*createSchema/,
  });
});

test('options that cannot be meant are refused by name', async () => {
  const rows = [
    [{ storage: {} }, 'storage'],
    [{ sealingKey: undefined }, 'sealingKey'],
    [{ sealingKey: 'secretsecret' }, 'sealingKey'],
    [{ sealingKey: 'k1:secretsecret' }, 'sealingKeys[0].key'],
    [{ sealingKey: undefined, sealingKeys: [KEY, 7] }, 'sealingKeys[1]'],
    [{ egres: {} }, 'egres'],
    [{ egress: { allow: [] } }, 'egress.allow'],
    [{ egress: { allowDestinations: '127.0.0.0/8' } }, 'egress.allowDestinations'],
    [{ egress: { allowDestinations: ['127.0.0.0/99'] } }, 'allowDestinations[0]'],
    [{ egress: { plainHttp: 'no' } }, 'egress.plainHttp'],
    [{ egress: { proxy: 'secretsecret' } }, 'egress.proxy'],
    [{ limits: { retention: 5 } }, 'limits.retention'],
    [{ limits: { retentionS: '30 days' } }, 'limits.retentionS'],
    [{ limits: { webhooksPerTenantMax: 0 } }, 'webhooksPerTenantMax'],
    [{ workers: { count: 0 } }, 'workers.count'],
    [{ profile: 5 }, 'profile'],
    [{ profile: 'nope' }, 'profile'],
    [{ profiles: 'standard' }, 'profiles'],
    [{ profiles: [{ name: 7 }] }, 'profiles[0].name'],
    [{ world: { nau: () => 0n } }, 'world.nau'],
  ];
  for (const [options, field] of rows) {
    await assert.rejects(Hookwright.open({ storage: memoryStorage(), sealingKey: KEY, ...options }), (error) => {
      assert.ok(error instanceof InvalidError, `${field}: ${error.stack}`);
      assert.equal(error.field, field);
      assert.ok(!error.message.includes('secretsecret'), error.message);
      return true;
    });
  }
});

test('arguments of the wrong kind are refused by name, and are no trap', async (t) => {
  const hooks = await openHooks(t);
  const circle = {};
  circle.circle = circle;
  const rows = [
    [() => hooks.register(undefined, {}), 'tenant'],
    [() => hooks.register('acme'), 'registration'],
    [() => hooks.update('acme', 'wh_1', circle), 'changes'],
    [() => hooks.get('acme', 5), 'webhookId'],
    [() => hooks.list('acme', { limit: '10' }), 'limit'],
    [() => hooks.list('acme', { cursor: 10 }), 'cursor'],
    // As a number it would be 0, and the old secret gone at once.
    [() => hooks.rotateSecret('acme', 'wh_1', { overlapS: '1 day' }), 'overlapS'],
    [() => hooks.rotateSecret('acme', 'wh_1', { secret: 5 }), 'secret'],
    [() => hooks.onEvent(), 'event'],
    [() => hooks.onEvent({ type: 'a.b', data: 1n }), 'event'],
    [() => hooks.onEvent({ type: 'a.b' }, { tenant: 5 }), 'tenant'],
    [() => hooks.onEvent({ type: 'a.b' }, { transaction: {} }), 'transaction'],
    [() => hooks.onEvents({ type: 'a.b' }), 'events'],
    [() => hooks.onEvents([{ type: 'a.b' }, () => {}]), 'events[1]'],
    [() => hooks.recover('acme', 'wh_1'), 'range'],
    [() => hooks.job('acme'), 'jobId'],
    [() => hooks.deliver({ timeMs: -1 }), 'timeMs'],
    [() => hooks.deliver({ attemptsMax: 1.5 }), 'attemptsMax'],
    [() => hooks.handle({ method: 'GET', path: '/webhooks' }), 'caller.tenant'],
    [() => hooks.handle({ method: 'GET', path: '/webhooks' }, { tenant: 'acme', user: 5 }), 'caller.user'],
    [() => verify(undefined, []), 'request'],
    [() => verify({ body: '' }, []), 'headers'],
    [() => verify({ headers: 'x-a: b', body: '' }, []), 'headers'],
    [() => verify({ headers: {}, body: '', method: 5 }, []), 'method'],
    [() => verify({ headers: {}, body: '' }, [5]), 'secrets[0]'],
    [() => verify({ headers: {}, body: '' }, [], 'standard', { toleranceS: '5 min' }), 'toleranceS'],
  ];
  for (const [call, field] of rows) {
    await assert.rejects(call(), (error) => {
      assert.ok(error instanceof InvalidError, `${field}: ${error.stack}`);
      assert.equal(error.field, field);
      return true;
    });
  }
});

test('a signal ends the wait for a call', async (t) => {
  const receiver = await startReceiver(() => new Promise(() => {}));
  t.after(() => receiver.close());
  const hooks = await openHooks(t);
  const { id } = await hooks.register('acme', { url: receiver.url(), events: ['*'] });
  const ending = new AbortController();
  const testing = hooks.testWebhook('acme', id, { signal: ending.signal });
  await receiver.count(1);
  ending.abort(new Error('enough'));
  await assert.rejects(testing, /enough/);
});

test('nothing can be called of what is closed', async () => {
  const hooks = await Hookwright.fake();
  await hooks.close();
  await hooks.close();
  for (const call of [() => hooks.list('acme'), () => hooks.onEvent({ type: 'a.b' }), () => hooks.deliver(), async () => hooks.start()]) {
    await assert.rejects(call(), /has been closed/);
  }
});

test('all of the management calls answer what the API answers', async (t) => {
  const hooks = await openHooks(t);
  const receiver = await startReceiver();
  t.after(() => receiver.close());
  const webhook = await hooks.register('acme', { url: receiver.url(), events: ['invoice.*'] });
  const changed = await hooks.update('acme', webhook.id, { name: 'Other' });
  assert.equal(changed.name, 'Other');
  assert.deepEqual((await hooks.list('acme')).data, [await hooks.get('acme', webhook.id)]);
  assert.deepEqual(await hooks.list('acme', null), await hooks.list('acme', { cursor: null }));
  const rotated = await hooks.rotateSecret('acme', webhook.id, { overlapS: 0 });
  assert.notEqual(rotated.secret, webhook.secret);
  const test = await hooks.testWebhook('acme', webhook.id);
  assert.deepEqual([test.state, test.isTest], ['delivered', true]);
  const { messageId } = await hooks.onEvent({ type: 'invoice.paid', data: { a: 1 } }, { tenant: 'acme' });
  await hooks.deliver();
  assert.deepEqual((await hooks.attempts('acme', webhook.id)).data.map(({ number }) => number), [1, 1]);
  const message = await hooks.message('acme', messageId);
  assert.deepEqual([message.id, message.event.data], [messageId, { a: 1 }]);
  assert.equal((await hooks.messageAttempts('acme', messageId)).data.length, 1);
  assert.equal(await hooks.payload('acme', messageId, webhook.id), receiver.requests[1].body.toString());
  assert.equal((await hooks.explain('acme', messageId, webhook.id)).state, 'delivered');
  assert.deepEqual((await hooks.redeliver('acme', messageId)).webhookIds, [webhook.id]);
  await hooks.deliver();
  assert.equal(receiver.requests.length, 3);
  assert.equal((await hooks.eventTypes()).profile, 'standard');
  assert.equal((await hooks.updateSettings('acme', { keepBodies: false })).keepBodies, false);
  assert.equal((await hooks.settings('acme')).keepBodies, false);
  assert.equal(await hooks.reclaimLeases(), 0);
  const since = new Date(Date.now() - 60_000).toISOString();
  const job = await hooks.replay('acme', webhook.id, { since });
  assert.deepEqual(await hooks.job('acme', job.id), job);
  assert.equal((await hooks.cancelJob('acme', (await hooks.recover('acme', webhook.id, { since })).id)).state, 'cancelled');
  const erasing = await hooks.erase('acme', { subject: { type: 'invoice', id: 1 } });
  assert.equal(erasing.kind, 'erase');
  await hooks.deliver();
  assert.deepEqual((await hooks.jobs('acme')).data.map(({ kind, state }) => `${kind} ${state}`).sort(),
    ['erase done', 'recover cancelled', 'replay done']);
  await hooks.unregister('acme', webhook.id);
  await assert.rejects(hooks.get('acme', webhook.id), NotFoundError);
});
