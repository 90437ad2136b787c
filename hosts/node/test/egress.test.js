// The egress cases (`tests/data/egress`) against this host's HTTP client.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { HttpClient } from '../src/http/client.js';
import { exchange, request } from './support/client.js';
import { respondingNetwork, scripted, socketAddress, stopListening } from './support/network.js';

const KIT = JSON.parse(readFileSync(new URL('../../../tests/data/egress/cases.json', import.meta.url)));

// Returns a request under the policy of the kit.
function requestTo(url, { allow = [], ...more } = {}) {
  return request(url, { egress: { allow, deny: KIT.deny }, ...more });
}

// Returns the outcome in the words of the cases. The server behind each address does not speak TLS, so an `https`
// request that fails with `tls` has connected.
function outcome(url, result) {
  if (result.tag === 'ok') {
    return result.val.status === 200 ? 'connects' : `status ${result.val.status}`;
  }
  return result.val.kind === 'tls' && /^https/i.test(url) ? 'connects' : result.val.kind;
}

test('an address is reached only if it is permitted, as a literal and behind a name', async (t) => {
  const network = await respondingNetwork('HTTP/1.1 200 OK\r\n', 'close');
  t.after(() => network.close());
  const client = new HttpClient({ network: network });
  assert.ok(KIT.addresses.length > 150);
  for (const { address, permitted, why, allow } of KIT.addresses) {
    network.answer('name.example', [[address]]);
    for (const host of [address.includes(':') ? `[${address}]` : address, 'name.example']) {
      const url = `http://${host}:8080/`;
      const result = await exchange(client, requestTo(url, { allow }));
      const what = `${address} (${why}) by ${url}: ${JSON.stringify(result)}`;
      assert.equal(outcome(url, result), permitted ? 'connects' : 'destination-prohibited', what);
      const dials = network.seen().dials.map(normal);
      assert.deepEqual(dials, permitted ? [normal(socketAddress(address, 8080))] : [], what);
    }
  }
  await client.close();
  network.close();
});

test('a URL leads to a permitted address, or is refused', async (t) => {
  const network = await respondingNetwork('HTTP/1.1 200 OK\r\n', 'close');
  t.after(() => network.close());
  for (const [name, addresses] of Object.entries(KIT.names)) {
    network.answer(name, [addresses]);
  }
  const client = new HttpClient({ network: network });
  assert.ok(KIT.urls.length > 200);
  const wrong = [];
  for (const { name, url, allow, client: expected, dials = [], host } of KIT.urls) {
    const result = await exchange(client, requestTo(url, { allow }));
    const dialed = network.seen().dials.map(normal);
    const actual = outcome(url, result);
    const isPermitted = dialed.every((address) => dials.map(normal).includes(address));
    // Each expected outcome is correct, as long as the client connects to checked addresses only.
    if (!expected.includes(actual) || (dialed.length === 0) !== (actual !== 'connects') || !isPermitted) {
      wrong.push(`${name}: ${JSON.stringify(url)}: ${JSON.stringify(result)}, dialed ${dialed}, expected ${expected}`);
    }
    for (const head of network.requests()) {
      assert.doesNotMatch(head, /\r\nX-Injected/, name);
      if (host !== undefined) {
        assert.ok(head.toLowerCase().includes(`\r\nhost: ${host}\r\n`), `${name}: ${head}`);
      }
    }
  }
  assert.deepEqual(wrong, []);
  await client.close();
  network.close();
});

test('a lookup whose answer changes does not open a prohibited address', async () => {
  assert.ok(KIT.sequences.length > 10);
  for (const { name, server, answers, requests, lookups, dials, refuse = [] } of KIT.sequences) {
    const network = await respondingNetwork('HTTP/1.1 200 OK\r\n', server);
    for (const [host, all] of Object.entries(answers)) {
      network.answer(host, all);
    }
    network.refusing.push(...refuse);
    const client = new HttpClient({ network: network });
    for (const [n, step] of requests.entries()) {
      const result = await exchange(client, requestTo(step.url, { allow: step.allow }));
      const what = `${name}, request ${n}: ${JSON.stringify(result)}`;
      assert.ok(step.client.includes(outcome(step.url, result)), what);
      // The client needs a moment to see that the receiver has closed a connection.
      await new Promise((resolve) => { setTimeout(resolve, 20); });
    }
    const seen = network.seen();
    assert.deepEqual(seen.dials.map(normal), dials.map(normal), name);
    assert.ok(lookups === null || seen.lookups === lookups, `${name}: ${seen.lookups} lookups`);
    await client.close();
    network.close();
  }
});

test('the next address is tried beside one that does not answer', async () => {
  const network = await respondingNetwork('HTTP/1.1 200 OK\r\n', 'keep');
  network.answer('public.example', [['2606:4700::1', '2606:4700::2', '93.184.216.34', '10.0.0.5']]);
  network.silent.push('2606:4700::1');
  network.refusing.push('93.184.216.34');
  const client = new HttpClient({ network: network });
  const result = await exchange(client, requestTo('http://public.example/'));
  assert.equal(outcome('http://public.example/', result), 'connects');
  // The families take turns. The first address is silent and the second refuses; neither delays the next one further.
  assert.deepEqual(network.seen().dials, ['[2606:4700::1]:80', '93.184.216.34:80', '[2606:4700::2]:80']);
  network.silent.push('2606:4700::2', '93.184.216.34');
  const short = requestTo('http://public.example:81/', { timeoutMs: 700 });
  assert.equal((await exchange(client, short)).val.kind, 'timeout');
  await client.close();
  network.close();
});

test('redirects are not followed', async () => {
  assert.ok(KIT.redirects.length > 30);
  for (const { status, headers } of KIT.redirects) {
    const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    const network = await respondingNetwork(`HTTP/1.1 ${status} Answer\r\n${lines}`, 'close');
    network.answer('public.example', [['93.184.216.34']]);
    const client = new HttpClient({ network: network });
    const result = await exchange(client, requestTo('http://public.example/in'));
    assert.equal(result.val.status, status, JSON.stringify(result));
    assert.equal(network.requests().length, 1);
    assert.deepEqual(network.seen().dials, ['93.184.216.34:80']);
    await client.close();
    network.close();
  }
});

test('a response is cut at its limits', async () => {
  assert.ok(KIT.responses.length > 50);
  const client = new HttpClient();
  const wrong = [];
  await Promise.all(KIT.responses.map(async ({ name, steps, responseBytesMax, timeoutMs, expect }) => {
    const listener = await scripted(steps);
    const result = await exchange(client, request(`http://127.0.0.1:${listener.address().port}/`, {
      timeoutMs: timeoutMs ?? 20_000,
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

// Returns the one spelling of an address with its port. IPv6 addresses have several.
function normal(address) {
  return new URL(`http://${address}`).host.replace(/^([^\]]*[^:\]])$/, '$1:80').replace(/\]$/, ']:80');
}
