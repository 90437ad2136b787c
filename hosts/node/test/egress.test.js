// The egress kit (`tests/data/egress`) against this host's HTTP client.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { HttpClient } from '../src/http/client.js';
import { makeStand, scripted, socketAddress, standBefore, stopListening } from './support/stand.js';

const KIT = JSON.parse(readFileSync(new URL('../../../tests/data/egress/cases.json', import.meta.url)));
const PATIENCE_MS = 20_000;

function request(url, allow = [], more = {}) {
  return {
    id: 7n,
    method: 'POST',
    url,
    headers: [{ name: 'Content-Type', value: 'application/json' }],
    body: { tag: 'text', val: '{}' },
    timeoutMs: PATIENCE_MS,
    responseBytesMax: 1_000,
    egress: { allow, deny: KIT.deny },
    ...more,
  };
}

function exchange(client, asked) {
  return new Promise((resolve) => { client.send(asked, resolve); });
}

// What became of it, as the kit has it. Behind an address is a server without TLS, so an `https` request that gets as far
// as that has connected.
function outcome(url, result) {
  if (result.tag === 'ok') {
    return result.val.status === 200 ? 'connects' : `status ${result.val.status}`;
  }
  return result.val.kind === 'tls' && /^https/i.test(url) ? 'connects' : result.val.kind;
}

test('an address is reached or not, however it is come by', async (t) => {
  const stand = await makeStand('HTTP/1.1 200 OK\r\n', 'close');
  t.after(() => stand.close());
  const client = new HttpClient({ network: stand });
  assert.ok(KIT.addresses.length > 150);
  for (const { address, permitted, why, allow } of KIT.addresses) {
    stand.answer('name.example', [[address]]);
    for (const host of [address.includes(':') ? `[${address}]` : address, 'name.example']) {
      const url = `http://${host}:8080/`;
      const result = await exchange(client, request(url, allow));
      const what = `${address} (${why}) by ${url}: ${JSON.stringify(result)}`;
      assert.equal(outcome(url, result), permitted ? 'connects' : 'destination-prohibited', what);
      const dials = stand.seen().dials.map(normal);
      assert.deepEqual(dials, permitted ? [normal(socketAddress(address, 8080))] : [], what);
    }
  }
  await client.close();
  stand.close();
});

test('a URL leads where it should', async (t) => {
  const stand = await makeStand('HTTP/1.1 200 OK\r\n', 'close');
  t.after(() => stand.close());
  for (const [name, addresses] of Object.entries(KIT.names)) {
    stand.answer(name, [addresses]);
  }
  const client = new HttpClient({ network: stand });
  assert.ok(KIT.urls.length > 200);
  const wrong = [];
  for (const { name, url, allow, client: expected, dials = [], host } of KIT.urls) {
    const result = await exchange(client, request(url, allow));
    const seen = stand.seen().dials.map(normal);
    const became = outcome(url, result);
    const permitted = seen.every((address) => dials.map(normal).includes(address));
    // Any of the outcomes is right: what matters is that what was checked is what is connected to.
    if (!expected.includes(became) || (seen.length === 0) !== (became !== 'connects') || !permitted) {
      wrong.push(`${name}: ${JSON.stringify(url)}: ${JSON.stringify(result)}, dialed ${seen}, expected ${expected}`);
    }
    for (const head of stand.requests()) {
      assert.doesNotMatch(head, /\r\nX-Injected/, name);
      if (host !== undefined) {
        assert.ok(head.toLowerCase().includes(`\r\nhost: ${host}\r\n`), `${name}: ${head}`);
      }
    }
  }
  assert.deepEqual(wrong, []);
  await client.close();
  stand.close();
});

test('an answer that changes opens nothing', async () => {
  assert.ok(KIT.sequences.length > 10);
  for (const { name, server, answers, requests, lookups, dials, refuse = [] } of KIT.sequences) {
    const stand = await makeStand('HTTP/1.1 200 OK\r\n', server);
    for (const [host, all] of Object.entries(answers)) {
      stand.answer(host, all);
    }
    stand.refuse.push(...refuse);
    const client = new HttpClient({ network: stand });
    for (const [n, step] of requests.entries()) {
      const result = await exchange(client, request(step.url, step.allow));
      const what = `${name}, request ${n}: ${JSON.stringify(result)}`;
      assert.ok(step.client.includes(outcome(step.url, result)), what);
      // What the receiver has closed is to be seen as closed.
      await new Promise((resolve) => { setTimeout(resolve, 20); });
    }
    const seen = stand.seen();
    assert.deepEqual(seen.dials.map(normal), dials.map(normal), name);
    assert.ok(lookups === null || seen.lookups === lookups, `${name}: ${seen.lookups} look-ups`);
    await client.close();
    stand.close();
  }
});

test('an address that does not answer gets company', async () => {
  const stand = await makeStand('HTTP/1.1 200 OK\r\n', 'keep');
  stand.answer('public.example', [['2606:4700::1', '2606:4700::2', '93.184.216.34', '10.0.0.5']]);
  stand.silence.push('2606:4700::1');
  stand.refuse.push('93.184.216.34');
  const client = new HttpClient({ network: stand });
  const result = await exchange(client, request('http://public.example/'));
  assert.equal(outcome('http://public.example/', result), 'connects');
  // The families in turn; the second is no later for the first, which is silent, nor the third for the second.
  assert.deepEqual(stand.seen().dials, ['[2606:4700::1]:80', '93.184.216.34:80', '[2606:4700::2]:80']);
  stand.silence.push('2606:4700::2', '93.184.216.34');
  const hurried = request('http://public.example:81/', [], { timeoutMs: 700 });
  assert.equal((await exchange(client, hurried)).val.kind, 'timeout');
  await client.close();
  stand.close();
});

test('no response leads elsewhere', async () => {
  assert.ok(KIT.redirects.length > 30);
  for (const { status, headers } of KIT.redirects) {
    const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    const stand = await makeStand(`HTTP/1.1 ${status} Answer\r\n${lines}`, 'close');
    stand.answer('public.example', [['93.184.216.34']]);
    const client = new HttpClient({ network: stand });
    const result = await exchange(client, request('http://public.example/in'));
    assert.equal(result.val.status, status, JSON.stringify(result));
    assert.equal(stand.requests().length, 1);
    assert.deepEqual(stand.seen().dials, ['93.184.216.34:80']);
    await client.close();
    stand.close();
  }
});

test('a response takes no more than it may', async () => {
  assert.ok(KIT.responses.length > 50);
  const client = new HttpClient();
  const wrong = [];
  await Promise.all(KIT.responses.map(async ({ name, steps, responseBytesMax, timeoutMs, expect }) => {
    const listener = await scripted(steps);
    const result = await exchange(client, request(`http://127.0.0.1:${listener.address().port}/`, [], {
      timeoutMs: timeoutMs ?? PATIENCE_MS,
      responseBytesMax: responseBytesMax ?? 65_536,
      egress: { allow: [], deny: [] },
    }));
    stopListening(listener);
    try {
      checkResponse(expect, result);
    } catch (error) {
      wrong.push(`${name}: ${error.message}: ${JSON.stringify(result).slice(0, 300)}`);
    }
  }));
  assert.deepEqual(wrong, []);
  await client.close();
});

function checkResponse({ error, status, body, filledWith, bytes, truncated }, { tag, val }) {
  if (error !== undefined) {
    assert.equal(tag === 'err' ? val.kind : val.status, error);
    return;
  }
  assert.equal(tag, 'ok');
  assert.equal(val.status, status);
  if (body !== undefined) {
    assert.deepEqual([val.body, val.truncated], [body, truncated]);
  }
  if (filledWith !== undefined) {
    assert.deepEqual([Buffer.byteLength(val.body), val.truncated], [bytes, truncated]);
    assert.equal(val.body.replaceAll(filledWith, ''), '');
  }
}

// IPv6 addresses have several spellings; the socket's address has one.
function normal(address) {
  return new URL(`http://${address}`).host.replace(/^([^\]]*[^:\]])$/, '$1:80').replace(/\]$/, ']:80');
}
