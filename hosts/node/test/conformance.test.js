// The conformance cases, from the event to the bytes on the wire, for each profile: the same as the Rust host's.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { openHooks } from './support/hooks.js';
import { startReceiver } from './support/receiver.js';

const TEXT = readFileSync(new URL('../../../tests/data/conformance/dialects.json', import.meta.url), 'utf8');
const CASES = JSON.parse(TEXT).cases;
const ORIGIN = 'https://hooks.example.com';
// Headers of the transport, which the cases leave aside.
const TRANSPORT = ['host', 'content-length', 'user-agent', 'accept-encoding', 'connection'];
const PROFILES = { standard: 1, 'perfex-assets': 6, datagerry: 3, perscom: 3, assetsup: 1 };

for (const [profile, count] of Object.entries(PROFILES)) {
  test(profile, async (t) => {
    const cases = CASES.filter((one) => one.profile === profile);
    assert.equal(cases.length, count);
    const receiver = await startReceiver();
    t.after(() => receiver.close());
    const hooks = await openHooks(t, { profile });
    for (const [n, one] of cases.entries()) {
      // Each has a tenant of its own, so that none gets another's event.
      const tenant = `tenant-${n}`;
      const url = receiver.url(one.webhook.url.slice(ORIGIN.length));
      const webhook = await hooks.register(tenant, { secret: '', ...one.webhook, url, events: ['*'] });
      const begunS = Math.floor(Date.now() / 1_000);
      const { messageId } = await hooks.onEvent(JSON.stringify(one.event), { tenant });
      const report = await hooks.deliver();
      assert.deepEqual([report.attempts, report.delivered], [1, 1], JSON.stringify(report));
      checkRequest(one, receiver.requests.at(-1), messageId, begunS);
      const { data: [attempt] } = await hooks.attempts(tenant, webhook.id);
      assert.deepEqual([attempt.state, attempt.status, attempt.messageId], ['delivered', 200, messageId]);
    }
  });
}

function checkRequest(one, came, messageId, begunS) {
  const { method, url, headers, body } = one.request;
  assert.equal(came.method, method);
  assert.equal(came.target, url.slice(ORIGIN.length));
  assert.equal(came.body.toString(), body ?? '');
  const found = new Map(came.headers.map(([name, value]) => [name.toLowerCase(), value]));
  assert.equal(found.size, came.headers.length, 'a header is there twice');
  const wanted = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  // The spelling and the order are the dialect's, too: some receivers are no friends of lower case.
  const own = came.headers.map(([name]) => name).filter((name) => !TRANSPORT.includes(name.toLowerCase()));
  assert.deepEqual(own, Object.keys(headers));
  assert.match(found.get('user-agent'), /^Hookwright\//);
  for (const [name, value] of wanted) {
    const came = found.get(name);
    if (name === 'x-asset-webhook-timestamp' || name === 'webhook-timestamp') {
      assert.equal(value, String(one.attempt_at));
      assert.ok(Math.abs(Number(came) - begunS) <= 2, `${name}: ${came}`);
    } else if (name === 'webhook-id') {
      assert.equal(came, messageId);
    } else if (name === 'webhook-signature') {
      // What recomputes this attempt's signature makes the case's out of the case's id and time.
      const sign = (id, at) => signature(one.webhook.secret, `${id}.${at}.${body}`);
      assert.equal(value, sign(one.message_id, one.attempt_at), 'the case contradicts itself');
      assert.equal(came, sign(messageId, found.get('webhook-timestamp')));
    } else {
      assert.equal(came, value, name);
    }
  }
}

function signature(secret, signed) {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  return `v1,${createHmac('sha256', key).update(signed).digest('base64')}`;
}
