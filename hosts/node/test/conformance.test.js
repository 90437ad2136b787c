// The conformance cases of each profile, from the event to the bytes of the request. The Rust host runs the same cases.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { openReceiver, openWebhooks } from './support/open.js';

const TEXT = readFileSync(new URL('../../../tests/data/conformance/dialects.json', import.meta.url), 'utf8');
const CASES = JSON.parse(TEXT).cases;
const ORIGIN = 'https://hooks.example.com';
// Headers of the transport, which the cases do not contain.
const TRANSPORT = ['host', 'content-length', 'user-agent', 'accept', 'accept-encoding', 'connection'];
const PROFILES = { standard: 1, 'perfex-assets': 6, datagerry: 3, perscom: 3, assetsup: 1 };

for (const [profile, count] of Object.entries(PROFILES)) {
  test(`${profile}: every case is delivered as the request that it describes`, async (t) => {
    const cases = CASES.filter((one) => one.profile === profile);
    assert.equal(cases.length, count);
    const receiver = await openReceiver(t);
    const webhooks = await openWebhooks(t, { profile });
    for (const [n, one] of cases.entries()) {
      // Each case has a tenant of its own, so that a webhook gets the event of its own case only.
      const tenant = `tenant-${n}`;
      const url = receiver.url(one.webhook.url.slice(ORIGIN.length));
      const webhook = await webhooks.register(tenant, { secret: '', ...one.webhook, url, events: ['*'] });
      const startedS = Math.floor(Date.now() / 1_000);
      const { messageId } = await webhooks.onEvent(JSON.stringify(one.event), { tenant });
      const report = await webhooks.deliver();
      assert.deepEqual([report.attempts, report.delivered], [1, 1], JSON.stringify(report));
      assertRequest(one, receiver.requests.at(-1), messageId, startedS);
      const { data: [attempt] } = await webhooks.attempts(tenant, webhook.id);
      assert.deepEqual([attempt.state, attempt.status, attempt.messageId], ['delivered', 200, messageId]);
    }
  });
}

// Asserts that a request is that of the case, with its own id and time.
function assertRequest(one, actual, messageId, startedS) {
  const { method, url, headers, body } = one.request;
  assert.equal(actual.method, method);
  assert.equal(actual.target, url.slice(ORIGIN.length));
  assert.equal(actual.body.toString(), body ?? '');
  const found = new Map(actual.headers.map(([name, value]) => [name.toLowerCase(), value]));
  assert.equal(found.size, actual.headers.length, 'a header occurs twice');
  const wanted = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  // The profile also decides the spelling and the order, because some receivers do not accept lower case.
  const own = actual.headers.map(([name]) => name).filter((name) => !TRANSPORT.includes(name.toLowerCase()));
  assert.deepEqual(own, Object.keys(headers));
  assert.match(found.get('user-agent'), /^Hookwright\//);
  assert.deepEqual([found.get('accept'), found.get('accept-encoding')], ['*/*', 'gzip, deflate']);
  for (const [name, value] of wanted) {
    const actualValue = found.get(name);
    if (name === 'x-asset-webhook-timestamp' || name === 'webhook-timestamp') {
      assert.equal(value, String(one.attempt_at));
      assert.ok(Math.abs(Number(actualValue) - startedS) <= 2, `${name}: ${actualValue}`);
    } else if (name === 'webhook-id') {
      assert.equal(actualValue, messageId);
    } else if (name === 'webhook-signature') {
      // The same function must compute the case's signature from the case's id and time.
      const sign = (id, at) => signature(one.webhook.secret, `${id}.${at}.${body}`);
      assert.equal(value, sign(one.message_id, one.attempt_at), 'the case contradicts itself');
      assert.equal(actualValue, sign(messageId, found.get('webhook-timestamp')));
    } else {
      assert.equal(actualValue, value, name);
    }
  }
}

function signature(secret, signed) {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  return `v1,${createHmac('sha256', key).update(signed).digest('base64')}`;
}
