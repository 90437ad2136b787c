// The calls of a Hookwright: results, options and arguments that are refused, errors, and signals.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Hookwright, InvalidError, memoryStorage, NotFoundError, verify } from '../src/index.js';
import { acceptInvoice, openFake, openReceiver, openSubscribed, openWebhooks, SEALING_KEY, subscribe, TENANT } from './support/open.js';

test('webhooks, messages and attempts are returned as the API returns them', async (t) => {
  const { webhooks, receiver, webhook } = await openSubscribed(t);
  const changed = await webhooks.update(TENANT, webhook.id, { name: 'Other' });
  assert.equal(changed.name, 'Other');
  assert.deepEqual((await webhooks.list(TENANT)).data, [await webhooks.get(TENANT, webhook.id)]);
  assert.deepEqual(await webhooks.list(TENANT, null), await webhooks.list(TENANT, { cursor: null }));
  const rotated = await webhooks.rotateSecret(TENANT, webhook.id, { overlapS: 0 });
  assert.notEqual(rotated.secret, webhook.secret);
  const attempt = await webhooks.testWebhook(TENANT, webhook.id);
  assert.deepEqual([attempt.state, attempt.isTest], ['delivered', true]);
  const { messageId } = await acceptInvoice(webhooks, 'a');
  await webhooks.deliver();
  assert.deepEqual((await webhooks.attempts(TENANT, webhook.id)).data.map(({ number }) => number), [1, 1]);
  const message = await webhooks.message(TENANT, messageId);
  assert.deepEqual([message.id, message.event.data], [messageId, { amount: 42 }]);
  assert.equal((await webhooks.messageAttempts(TENANT, messageId)).data.length, 1);
  assert.equal(await webhooks.payload(TENANT, messageId, webhook.id), receiver.requests[1].body.toString());
  assert.equal((await webhooks.explain(TENANT, messageId, webhook.id)).state, 'delivered');
  assert.deepEqual((await webhooks.redeliver(TENANT, messageId)).webhookIds, [webhook.id]);
  await webhooks.deliver();
  assert.equal(receiver.requests.length, 3);
  await webhooks.unregister(TENANT, webhook.id);
  await assert.rejects(webhooks.get(TENANT, webhook.id), NotFoundError);
});

test('jobs, settings and leases are returned as the API returns them', async (t) => {
  const { webhooks, webhook } = await openSubscribed(t);
  assert.equal((await webhooks.eventTypes()).profile, 'standard');
  assert.equal((await webhooks.updateSettings(TENANT, { keepBodies: false })).keepBodies, false);
  assert.equal((await webhooks.settings(TENANT)).keepBodies, false);
  assert.equal(await webhooks.reclaimLeases(), 0);
  const since = new Date(Date.now() - 60_000).toISOString();
  const job = await webhooks.replay(TENANT, webhook.id, { since });
  assert.deepEqual(await webhooks.job(TENANT, job.id), job);
  const recovering = await webhooks.recover(TENANT, webhook.id, { since });
  assert.equal((await webhooks.cancelJob(TENANT, recovering.id)).state, 'cancelled');
  const erasing = await webhooks.erase(TENANT, { subject: { type: 'invoice', id: 1 } });
  assert.equal(erasing.kind, 'erase');
  await webhooks.deliver();
  const states = (await webhooks.jobs(TENANT)).data.map(({ kind, state }) => `${kind} ${state}`);
  assert.deepEqual(states.sort(), ['erase done', 'recover cancelled', 'replay done']);
});

test('a refusal is an error of its kind, with field, reason and hint', async (t) => {
  const webhooks = await openWebhooks(t);
  await assert.rejects(subscribe(webhooks, 'ftp://x'), (error) => {
    assert.ok(error instanceof InvalidError);
    assert.deepEqual([error.kind, error.field], ['invalid', 'url']);
    assert.equal(error.message, `url: ${error.reason} (${error.hint})`);
    return true;
  });
  await assert.rejects(webhooks.get(TENANT, 'wh_aaaaaaaaaaaaaaaaaaaaaaaaaa'), NotFoundError);
  await assert.rejects(acceptInvoice(webhooks, 'x'.repeat(300_000)), { kind: /invalid|too-large/ });
});

test('open fails with a hint if the store cannot be read', async () => {
  const storage = { get: () => [], scan: () => { throw new Error('no such table'); }, commit: () => [] };
  await assert.rejects(Hookwright.open({ storage, sealingKey: SEALING_KEY }), {
    name: 'UnavailableError', message: /^storage: cannot be read: no such table \(.*createSchema/,
  });
});

// Asserts that a call is refused with this field, and that the message does not contain a secret.
async function assertRefused(name, call, field) {
  await assert.rejects(call(), (error) => {
    assert.ok(error instanceof InvalidError, `${name}: ${error.stack}`);
    assert.equal(error.field, field, name);
    assert.ok(!error.message.includes('secretsecret'), `${name}: ${error.message}`);
    return true;
  });
}

test('invalid options are refused with their field', async () => {
  const rows = [
    { name: 'a store without functions', options: { storage: {} }, field: 'storage' },
    { name: 'no sealing key', options: { sealingKey: undefined }, field: 'sealingKey' },
    { name: 'a sealing key without a name', options: { sealingKey: 'secretsecret' }, field: 'sealingKey' },
    { name: 'a sealing key that is not hexadecimal', options: { sealingKey: 'k1:secretsecret' }, field: 'sealingKey' },
    { name: 'an object with a bad key as the sealing key', options: { sealingKey: { id: 'k1', key: 'secretsecret' } }, field: 'sealingKey.key' },
    { name: 'a bad key in the list', options: { sealingKeys: ['k2:secretsecret'] }, field: 'sealingKeys[0].key' },
    { name: 'the second of two equal names', options: { sealingKeys: [SEALING_KEY] }, field: 'sealingKeys[0].id' },
    { name: 'a number as a sealing key', options: { sealingKey: undefined, sealingKeys: [SEALING_KEY, 7] }, field: 'sealingKeys[1]' },
    { name: 'an unknown option', options: { egres: {} }, field: 'egres' },
    { name: 'an unknown egress option', options: { egress: { allow: [] } }, field: 'egress.allow' },
    { name: 'a network that is not in a list', options: { egress: { allowDestinations: '127.0.0.0/8' } }, field: 'egress.allowDestinations' },
    { name: 'a network with a long prefix', options: { egress: { allowDestinations: ['127.0.0.0/99'] } }, field: 'egress.allowDestinations[0]' },
    { name: 'an unknown rule for http', options: { egress: { plainHttp: 'no' } }, field: 'egress.plainHttp' },
    { name: 'a proxy that is not a URL', options: { egress: { proxy: 'secretsecret' } }, field: 'egress.proxy' },
    { name: 'an unknown limit', options: { limits: { retention: 5 } }, field: 'limits.retention' },
    { name: 'a limit that is a text', options: { limits: { retentionS: '30 days' } }, field: 'limits.retentionS' },
    { name: 'a limit of 0', options: { limits: { webhooksPerTenantMax: 0 } }, field: 'limits.webhooksPerTenantMax' },
    { name: 'a log that is a text', options: { log: 'stderr' }, field: 'log' },
    { name: 'a logger without a level', options: { log: { error() {}, warn() {} } }, field: 'log' },
    { name: 'a text as the place of the workers', options: { workers: { ownThread: 'yes' } }, field: 'workers.ownThread' },
    { name: 'no workers', options: { workers: { count: 0 } }, field: 'workers.count' },
    { name: 'a number as a profile', options: { profile: 5 }, field: 'profile' },
    { name: 'an unknown profile', options: { profile: 'unknown' }, field: 'profile' },
    { name: 'a profile that is not in a list', options: { profiles: 'standard' }, field: 'profiles' },
    { name: 'a profile with a number as its name', options: { profiles: [{ name: 7 }] }, field: 'profiles[0].name' },
    { name: 'an unknown part of the world', options: { world: { nau: () => 0n } }, field: 'world.nau' },
  ];
  for (const { name, options, field } of rows) {
    const open = () => Hookwright.open({ storage: memoryStorage(), sealingKey: SEALING_KEY, ...options });
    await assertRefused(name, open, field);
  }
});

test('arguments of a wrong type are refused with their field', async (t) => {
  const webhooks = await openWebhooks(t);
  const circular = {};
  circular.self = circular;
  const request = { headers: {}, body: '' };
  const rows = [
    { name: 'register without a tenant', call: () => webhooks.register(undefined, {}), field: 'tenant' },
    { name: 'register without a registration', call: () => webhooks.register('acme'), field: 'registration' },
    { name: 'update with a circular object', call: () => webhooks.update('acme', 'wh_1', circular), field: 'changes' },
    { name: 'get with a number', call: () => webhooks.get('acme', 5), field: 'webhookId' },
    { name: 'list with a text as the limit', call: () => webhooks.list('acme', { limit: '10' }), field: 'limit' },
    { name: 'list with a number as the cursor', call: () => webhooks.list('acme', { cursor: 10 }), field: 'cursor' },
    // Converted to a number it would be 0, and the old secret would end at once.
    { name: 'rotateSecret with a text as the overlap', call: () => webhooks.rotateSecret('acme', 'wh_1', { overlapS: '1 day' }), field: 'overlapS' },
    { name: 'rotateSecret with a number', call: () => webhooks.rotateSecret('acme', 'wh_1', { secret: 5 }), field: 'secret' },
    { name: 'onEvent without an event', call: () => webhooks.onEvent(), field: 'event' },
    { name: 'onEvent with a bigint', call: () => webhooks.onEvent({ type: 'a.b', data: 1n }), field: 'event' },
    { name: 'onEvent with a number as the tenant', call: () => webhooks.onEvent({ type: 'a.b' }, { tenant: 5 }), field: 'tenant' },
    { name: 'onEvent in an unknown transaction', call: () => webhooks.onEvent({ type: 'a.b' }, { transaction: {} }), field: 'transaction' },
    { name: 'onEvents with one event', call: () => webhooks.onEvents({ type: 'a.b' }), field: 'events' },
    { name: 'onEvents with a function', call: () => webhooks.onEvents([{ type: 'a.b' }, () => {}]), field: 'events[1]' },
    { name: 'recover without a range', call: () => webhooks.recover('acme', 'wh_1'), field: 'range' },
    { name: 'job without an id', call: () => webhooks.job('acme'), field: 'jobId' },
    { name: 'deliver with a negative time', call: () => webhooks.deliver({ timeMs: -1 }), field: 'timeMs' },
    { name: 'deliver with a fraction', call: () => webhooks.deliver({ attemptsMax: 1.5 }), field: 'attemptsMax' },
    { name: 'handle without a caller', call: () => webhooks.handle({ method: 'GET', path: '/' }), field: 'caller.tenant' },
    { name: 'handle with a number as the user', call: () => webhooks.handle({ method: 'GET', path: '/' }, { tenant: 'acme', user: 5 }), field: 'caller.user' },
    { name: 'onEvent with a misspelt transaction', call: () => webhooks.onEvent({ type: 'a.b' }, { transacton: {} }), field: 'transacton' },
    { name: 'onEvent with a misspelt tenant', call: () => webhooks.onEvent({ type: 'a.b' }, { tenent: 'acme' }), field: 'tenent' },
    { name: 'onEvent with a text as the options', call: () => webhooks.onEvent({ type: 'a.b' }, 'acme'), field: undefined },
    { name: 'onEvent with an undefined transaction', call: () => webhooks.onEvent({ type: 'a.b' }, { transaction: undefined }), field: 'transaction' },
    { name: 'onEvents with null as the transaction', call: () => webhooks.onEvents([{ type: 'a.b' }], { transaction: null }), field: 'transaction' },
    { name: 'onEvent with an undefined tenant', call: () => webhooks.onEvent({ type: 'a.b' }, { tenant: undefined }), field: 'tenant' },
    { name: 'onEvents with a misspelt tenant', call: () => webhooks.onEvents([{ type: 'a.b' }], { tenat: 'acme' }), field: 'tenat' },
    { name: 'onEvent with a controller as the signal', call: () => webhooks.onEvent({ type: 'a.b' }, { signal: new AbortController() }), field: 'signal' },
    { name: 'onEventSync without options', call: async () => webhooks.onEventSync({ type: 'a.b' }), field: 'transaction' },
    { name: 'onEventsSync without a transaction', call: async () => webhooks.onEventsSync([{ type: 'a.b' }], { tenant: 'acme' }), field: 'transaction' },
    { name: 'onEventSync with a signal', call: async () => webhooks.onEventSync({ type: 'a.b' }, { signal: null }), field: 'signal' },
    { name: 'list with a misspelt limit', call: () => webhooks.list('acme', { limits: 5 }), field: 'limits' },
    { name: 'attempts with a misspelt cursor', call: () => webhooks.attempts('acme', 'wh_1', { after: 'x' }), field: 'after' },
    { name: 'rotateSecret with a misspelt overlap', call: () => webhooks.rotateSecret('acme', 'wh_1', { overlap: 0 }), field: 'overlap' },
    { name: 'testWebhook with a misspelt signal', call: () => webhooks.testWebhook('acme', 'wh_1', { signl: null }), field: 'signl' },
    // Without the webhook the message would be sent to every webhook.
    { name: 'redeliver with a misspelt webhook', call: () => webhooks.redeliver('acme', 'msg_1', { webhook: 'wh_1' }), field: 'webhook' },
    { name: 'redeliver with an undefined webhook', call: () => webhooks.redeliver('acme', 'msg_1', { webhookId: undefined }), field: 'webhookId' },
    { name: 'deliver with a misspelt time', call: () => webhooks.deliver({ timeoutMs: 5 }), field: 'timeoutMs' },
    { name: 'start with a misspelt signal', call: async () => webhooks.start({ sgnal: null }), field: 'sgnal' },
    { name: 'handle with a misspelt query', call: () => webhooks.handle({ method: 'GET', path: '/', querry: '' }, { tenant: 'acme' }), field: 'request.querry' },
    { name: 'handle with a misspelt user', call: () => webhooks.handle({ method: 'GET', path: '/' }, { tenant: 'acme', usr: 'u1' }), field: 'caller.usr' },
    { name: 'middleware with a misspelt mount', call: async () => webhooks.middleware({ caller() {}, mout: '/x' }), field: 'mout' },
    { name: 'middleware without a caller', call: async () => webhooks.middleware(), field: 'caller' },
    { name: 'fastify with a mount', call: async () => webhooks.fastify({ caller() {}, mount: '/x' }), field: 'mount' },
    { name: 'verify with a misspelt tolerance', call: () => verify(request, [], 'standard', { tolerance: 5 }), field: 'tolerance' },
    { name: 'verify without a request', call: () => verify(undefined, []), field: 'request' },
    { name: 'verify without headers', call: () => verify({ body: '' }, []), field: 'headers' },
    { name: 'verify with a text as the headers', call: () => verify({ headers: 'x-a: b', body: '' }, []), field: 'headers' },
    { name: 'verify with a number as the method', call: () => verify({ ...request, method: 5 }, []), field: 'method' },
    { name: 'verify with a number as the secret', call: () => verify(request, [5]), field: 'secrets[0]' },
    { name: 'verify with a text as the tolerance', call: () => verify(request, [], 'standard', { toleranceS: '5 min' }), field: 'toleranceS' },
  ];
  for (const { name, call, field } of rows) {
    await assertRefused(name, call, field);
  }
});

test('a fake refuses the calls that a Hookwright refuses', async (t) => {
  const fake = await openFake(t);
  const event = { type: 'a.b' };
  const pool = { connect() {}, query() {}, totalCount: 0 };
  const rows = [
    { name: 'a misspelt transaction', call: () => fake.onEvent(event, { transacton: {} }), field: 'transacton' },
    { name: 'a misspelt tenant', call: () => fake.onEvents([event], { tenent: 'acme' }), field: 'tenent' },
    { name: 'an undefined transaction', call: () => fake.onEvent(event, { transaction: undefined }), field: 'transaction' },
    { name: 'an undefined tenant', call: () => fake.onEvent(event, { tenant: undefined }), field: 'tenant' },
    { name: 'a pool', call: () => fake.onEvent(event, { transaction: pool }), field: 'transaction' },
    { name: 'a text', call: () => fake.onEvent(event, { transaction: 'tx' }), field: 'transaction' },
    { name: 'onEventSync without options', call: async () => fake.onEventSync(event), field: 'transaction' },
    { name: 'an unknown outcome', call: async () => fake.answer('https://x.example/', 'tiemout'), field: 'outcome' },
    { name: 'no outcome', call: async () => fake.answer('https://x.example/'), field: 'outcome' },
    { name: 'a status of an interim response', call: async () => fake.answer('https://x.example/', 100), field: 'outcome' },
    { name: 'an outcome without a URL', call: async () => fake.answer(500), field: 'url' },
    { name: 'onEventsSync with an undefined transaction', call: async () => fake.onEventsSync([event], { transaction: undefined }), field: 'transaction' },
  ];
  for (const { name, call, field } of rows) {
    await assertRefused(name, call, field);
  }
  assert.deepEqual(fake.accepted, []);
});

test('a signal ends the wait for a call', async (t) => {
  const receiver = await openReceiver(t, () => new Promise(() => {}));
  const webhooks = await openWebhooks(t);
  const { id } = await subscribe(webhooks, receiver.url());
  const controller = new AbortController();
  const testing = webhooks.testWebhook(TENANT, id, { signal: controller.signal });
  await receiver.count(1);
  controller.abort(new Error('enough'));
  await assert.rejects(testing, /enough/);
});
