// The HTTP client beyond the egress cases: TLS, connections, and requests that are aborted.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import https from 'node:https';
import net from 'node:net';
import { test } from 'node:test';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { HttpClient } from '../src/http/client.js';
import { system } from '../src/http/network.js';
import { Queue } from '../src/http/queue.js';
import { Signals } from '../src/http/signals.js';
import { exchange, request } from './support/client.js';
import { listen, stopListening } from './support/network.js';
import { openReceiver } from './support/open.js';

const read = (name) => readFileSync(new URL(`./data/${name}`, import.meta.url), 'utf8');
const [cert, key] = [read('localhost.pem'), read('localhost-key.pem')];
// Every name has the address of the loopback interface.
const loopback = { lookup: async () => ['127.0.0.1'], dial: system.dial };

// Returns the port of an HTTPS server with a certificate for `localhost`.
async function openHttps(t, respond) {
  const server = https.createServer({ cert, key }, respond);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return server.address().port;
}

// Returns the port of a proxy that opens a tunnel to every target.
async function openTunnelling(t) {
  const listener = await listen(async (socket) => {
    const [head] = await once(socket, 'data');
    const [, host, port] = /^CONNECT (.+):([0-9]+) /.exec(head);
    const onward = net.connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      socket.pipe(onward).pipe(socket);
    });
    onward.on('error', () => socket.destroy());
  });
  t.after(() => stopListening(listener));
  return listener.address().port;
}

function openClient(t, options) {
  const client = new HttpClient(options);
  t.after(() => client.close());
  return client;
}

test("a TLS session requires a trusted certificate with the URL's name", async (t) => {
  const port = await openHttps(t, (received, response) => response.end(received.socket.servername));
  const trusting = openClient(t, { ca: cert, network: loopback });
  const strict = openClient(t, { network: loopback });
  const { tag, val } = await exchange(trusting, request(`https://localhost:${port}/`));
  assert.deepEqual([tag, val.body], ['ok', 'localhost']);
  const rows = [
    { name: 'another name', client: trusting, host: 'other.example' },
    { name: 'an address', client: trusting, host: '127.0.0.1' },
    { name: 'no trust', client: strict, host: 'localhost' },
  ];
  for (const { name, client, host } of rows) {
    const refused = await exchange(client, request(`https://${host}:${port}/`));
    assert.equal(refused.val.kind, 'tls', `${name}: ${JSON.stringify(refused)}`);
  }
});

test('the names of headers keep their spelling', async (t) => {
  const receiver = await openReceiver(t);
  const headers = [{ name: 'X-AssetsUp-Signature', value: 'v' }];
  const { val } = await exchange(openClient(t), request(receiver.url(), { headers }));
  assert.equal(val.status, 200);
  assert.ok(receiver.requests[0].headers.some(([name]) => name === 'X-AssetsUp-Signature'));
});

test('a header with a line break is refused, without its value in the detail', async (t) => {
  const receiver = await openReceiver(t);
  const headers = [{ name: 'X-A', value: 'a\r\nX-B: geheim' }];
  const { val } = await exchange(openClient(t), request(receiver.url(), { headers }));
  assert.equal(val.kind, 'invalid-request');
  assert.ok(!val.detail.includes('geheim'));
});

test('requests to one receiver share a connection', async (t) => {
  let dials = 0;
  const dial = (...target) => {
    dials += 1;
    return system.dial(...target);
  };
  const client = openClient(t, { network: { lookup: system.lookup, dial } });
  const receiver = await openReceiver(t);
  for (let n = 0; n < 3; n += 1) {
    assert.equal((await exchange(client, request(receiver.url()))).val.status, 200);
    // The client can use the connection again after this turn of the event loop.
    await setImmediate();
  }
  assert.equal(dials, 1);
});

test('a receiver with several addresses is reached at the one that answers', async (t) => {
  const receiver = await openReceiver(t);
  const proxyPort = await openTunnelling(t);
  const { port } = new URL(receiver.url());
  // No server listens at 127.0.0.2.
  for (const addresses of [['127.0.0.1', '127.0.0.2'], ['127.0.0.2', '127.0.0.1'], ['127.0.0.1', '127.0.0.1', '127.0.0.1']]) {
    for (const proxy of [undefined, `http://proxy.example:${proxyPort}`]) {
      const client = openClient(t, { proxy, network: { lookup: async () => addresses, dial: system.dial } });
      for (let n = 0; n < 2; n += 1) {
        const { tag, val } = await exchange(client, request(`http://several.example:${port}/`));
        assert.deepEqual([tag, val.status], ['ok', 200], `${addresses} through ${proxy}: ${JSON.stringify(val)}`);
      }
    }
  }
});

test('the time for connecting does not limit the response', async (t) => {
  const connectMsMax = 200;
  const proxyPort = await openTunnelling(t);
  const receiver = await openReceiver(t, () => sleep(3 * connectMsMax, 200));
  const securePort = await openHttps(t, (_, response) => { setTimeout(() => response.end(), 3 * connectMsMax); });
  for (const proxy of [undefined, `http://127.0.0.1:${proxyPort}`]) {
    for (const url of [receiver.url(), `https://localhost:${securePort}/`]) {
      const client = openClient(t, { ca: cert, proxy, connectMsMax, network: loopback });
      const { tag, val } = await exchange(client, request(url));
      assert.deepEqual([tag, val.status], ['ok', 200], `${url} through ${proxy}: ${JSON.stringify(val)}`);
    }
  }
});

test('the time for connecting includes TLS and the tunnel', async (t) => {
  const silent = await listen(async () => {});
  t.after(() => stopListening(silent));
  const { port } = silent.address();
  const rows = [
    { name: 'a silent receiver', proxy: undefined, kind: 'tls' },
    { name: 'a silent proxy', proxy: `http://127.0.0.1:${port}`, kind: 'connect' },
  ];
  for (const { name, proxy, kind } of rows) {
    const client = openClient(t, { proxy, connectMsMax: 200 });
    const { val } = await exchange(client, request(`https://127.0.0.1:${port}/`));
    assert.deepEqual([val.kind, / in time/.test(val.detail)], [kind, true], `${name}: ${JSON.stringify(val)}`);
  }
});

test('an aborted attempt to connect is rejected', async (t) => {
  const listener = await listen(async () => {});
  t.after(() => stopListening(listener));
  const { port } = listener.address();
  await assert.rejects(system.dial('127.0.0.1', port, AbortSignal.abort()), /in time/);
  const controller = new AbortController();
  const dialing = system.dial('127.0.0.1', port, controller.signal);
  controller.abort();
  await assert.rejects(dialing, /in time/);
});

test('a queue reports each request once', async (t) => {
  const silent = await listen(async () => {});
  t.after(() => stopListening(silent));
  const receiver = await openReceiver(t);
  const queue = new Queue(openClient(t), new Signals(), true);
  const silentUrl = `http://127.0.0.1:${silent.address().port}/`;
  queue.submit([
    request(receiver.url(), { id: 1n }),
    request(silentUrl, { id: 2n, timeoutMs: 300 }),
    request('not a URL', { id: 3n }),
  ]);
  const completions = [];
  while (completions.length < 3) {
    completions.push(...(await queue.wait(5_000)).completions);
  }
  const outcomes = new Map(completions.map(({ id, outcome }) => [id, outcome.val.status ?? outcome.val.kind]));
  assert.deepEqual([outcomes.get(1n), outcomes.get(2n), outcomes.get(3n)], [200, 'timeout', 'invalid-request']);
});

test('a disposed queue aborts its requests, and does not report them', async (t) => {
  const silent = await listen(async () => {});
  t.after(() => stopListening(silent));
  const queue = new Queue(openClient(t), new Signals(), true);
  queue.submit([request(`http://127.0.0.1:${silent.address().port}/`)]);
  queue.dispose();
  assert.deepEqual((await queue.wait(0)).completions, []);
});
