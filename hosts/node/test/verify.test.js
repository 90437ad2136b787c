// `verify`, for receivers.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verify } from '../src/index.js';
import { openSubscribed, TENANT } from './support/open.js';

test('a signature is verified if secret, body, headers and time fit', async (t) => {
  const { webhooks, receiver, webhook: { secret } } = await openSubscribed(t);
  await webhooks.onEvent({ type: 'invoice.paid', data: { text: 'é' } }, { tenant: TENANT });
  await webhooks.deliver();
  const [{ method, headers, body }] = receiver.requests;
  const request = { method, headers, body };
  const otherSecret = `whsec_${'A'.repeat(32)}`;
  const later = { now: () => BigInt(Date.now() + 3_600_000) * 1_000n };
  assert.deepEqual(await verify(request, secret), { verified: true, kind: 'verified', detail: 'verified' });
  const rows = [
    { name: 'one of two secrets', given: [request, [otherSecret, secret], 'standard'], kind: 'verified' },
    { name: 'one byte more', given: [{ ...request, body: Buffer.concat([body, Buffer.from(' ')]) }, secret], kind: 'mismatch' },
    { name: 'headers as an object', given: [{ ...request, headers: Object.fromEntries(headers) }, secret], kind: 'verified' },
    { name: 'no headers', given: [{ ...request, headers: new Headers() }, secret], kind: 'missing' },
    { name: 'an hour later', given: [request, secret, 'standard', { world: later }], kind: 'stale' },
    { name: 'an hour later, tolerated', given: [request, secret, 'standard', { world: later, toleranceS: 7_200 }], kind: 'verified' },
    { name: 'no secret', given: [request, []], kind: 'unverifiable' },
  ];
  for (const { name, given, kind } of rows) {
    assert.equal((await verify(...given)).kind, kind, name);
  }
  await assert.rejects(verify({ ...request, body: JSON.parse(body) }, secret), { name: 'InvalidError', field: 'body' });
  await assert.rejects(verify(request, 'not a secret of this profile'), { name: 'InvalidError', field: 'secret' });
  await assert.rejects(verify(request, secret, 'unknown'), { name: 'InvalidError', field: 'profile' });
});

test('verify after a trap uses a new instance', async () => {
  const headers = {
    'webhook-id': 'msg_1',
    'webhook-timestamp': String(Math.floor(Date.now() / 1_000)),
    'webhook-signature': `v1,${'A'.repeat(43)}=`,
  };
  const check = (world) => verify({ headers, body: '{}' }, `whsec_${'A'.repeat(32)}`, 'standard', { world });
  const trapping = { now: () => { throw new Error('no clock'); } };
  for (let n = 0; n < 3; n += 1) {
    await assert.rejects(check(trapping), { name: 'TrapError', kind: 'internal' });
    assert.equal((await check()).kind, 'mismatch');
  }
});
