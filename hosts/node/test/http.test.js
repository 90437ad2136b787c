// The HTTP client beyond the egress kit: TLS, the outbound proxy, connections that are kept, requests that are given up.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import https from 'node:https';
import net from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { HttpClient } from '../src/http/client.js';
import { Lookups } from '../src/http/lookups.js';
import { system } from '../src/http/network.js';
import { Queue } from '../src/http/queue.js';
import { LOOKUPS_MAX, LOOKUP_SLOW_MS } from '../src/support/limits.js';
import { Signals } from '../src/http/signals.js';
import { startReceiver } from './support/receiver.js';
import { listen, standBefore, stopListening } from './support/stand.js';

const read = (name) => readFileSync(new URL(`./data/${name}`, import.meta.url), 'utf8');
const [cert, key] = [read('localhost.pem'), read('localhost-key.pem')];

function request(url, more = {}) {
  return {
    id: 1n,
    method: 'POST',
    url,
    headers: [{ name: 'X-AssetsUp-Signature', value: 'v' }],
    body: { tag: 'text', val: '{}' },
    timeoutMs: 10_000,
    responseBytesMax: 1_000,
    egress: { allow: [], deny: ['10.0.0.0/8'] },
    ...more,
  };
}

const exchange = (client, asked) => new Promise((resolve) => { client.send(asked, resolve); });

test('TLS is with the receiver whose name the URL has, and with nobody else', async (t) => {
  const server = https.createServer({ cert, key }, (asked, response) => response.end(asked.socket.servername));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  const network = { lookup: async () => ['127.0.0.1'], dial: (address, to) => connected(net.connect(to, address)) };
  const trusting = new HttpClient({ ca: cert, network });
  const strict = new HttpClient({ network });
  t.after(async () => {
    await Promise.all([trusting.close(), strict.close()]);
    server.close();
  });
  const answer = await exchange(trusting, request(`https://localhost:${port}/`));
  assert.deepEqual([answer.tag, answer.val.body], ['ok', 'localhost']);
  // A name that the certificate does not have, an address, and no trust.
  for (const [client, host] of [[trusting, 'other.example'], [trusting, '127.0.0.1'], [strict, 'localhost']]) {
    const refused = await exchange(client, request(`https://${host}:${port}/`));
    assert.equal(refused.val.kind, 'tls', JSON.stringify(refused));
  }
});

async function connected(socket) {
  await once(socket, 'connect');
  return socket;
}

test('header names are spelled as they are asked for, and a connection is kept', async (t) => {
  const receiver = await startReceiver();
  const client = new HttpClient();
  t.after(() => Promise.all([client.close(), receiver.close()]));
  for (let n = 0; n < 3; n += 1) {
    assert.equal((await exchange(client, request(receiver.url()))).val.status, 200);
  }
  assert.ok(receiver.requests[0].headers.some(([name]) => name === 'X-AssetsUp-Signature'));
  const refused = await exchange(client, request(receiver.url(), { headers: [{ name: 'X-A', value: 'a\r\nX-B: geheim' }] }));
  assert.equal(refused.val.kind, 'invalid-request');
  assert.ok(!refused.val.detail.includes('geheim'));
});

test('a receiver with several addresses is reached, and stays so', async (t) => {
  const receiver = await startReceiver();
  const proxied = await startTunnels(t);
  t.after(() => receiver.close());
  const { port } = new URL(receiver.url());
  // Nobody listens at the second loopback address.
  for (const found of [['127.0.0.1', '127.0.0.2'], ['127.0.0.2', '127.0.0.1'], ['127.0.0.1', '127.0.0.1', '127.0.0.1']]) {
    for (const proxy of [undefined, `http://proxy.example:${proxied}`]) {
      const client = new HttpClient({ proxy, network: { lookup: async () => found, dial: system.dial } });
      for (let n = 0; n < 2; n += 1) {
        const { tag, val } = await exchange(client, request(`http://several.example:${port}/`));
        assert.deepEqual([tag, val.status], ['ok', 200], `${found} through ${proxy}: ${JSON.stringify(val)}`);
      }
      await client.close();
    }
  }
});

test('the time for connecting is for connecting alone', async (t) => {
  const connectMsMax = 200;
  const proxied = await startTunnels(t);
  const receiver = await startReceiver(() => new Promise((resolve) => { setTimeout(resolve, 3 * connectMsMax, 200); }));
  const secure = https.createServer({ cert, key }, (asked, response) => { setTimeout(() => response.end(), 3 * connectMsMax); });
  secure.listen(0, '127.0.0.1');
  await once(secure, 'listening');
  t.after(() => Promise.all([receiver.close(), secure.close()]));
  for (const proxy of [undefined, `http://127.0.0.1:${proxied}`]) {
    for (const url of [receiver.url(), `https://localhost:${secure.address().port}/`]) {
      const client = new HttpClient({ ca: cert, proxy, connectMsMax, network: { lookup: async () => ['127.0.0.1'], dial: system.dial } });
      const { tag, val } = await exchange(client, request(url));
      assert.deepEqual([tag, val.status], ['ok', 200], `${url} through ${proxy}: ${JSON.stringify(val)}`);
      await client.close();
    }
  }
  const silent = await listen(async () => {});
  t.after(() => stopListening(silent));
  for (const [proxy, kind] of [[undefined, 'tls'], [`http://127.0.0.1:${silent.address().port}`, 'connect']]) {
    const client = new HttpClient({ proxy, connectMsMax });
    const { val } = await exchange(client, request(`https://127.0.0.1:${silent.address().port}/`));
    assert.deepEqual([val.kind, / in time/.test(val.detail)], [kind, true], JSON.stringify(val));
    await client.close();
  }
});

test('an attempt to connect that nobody wants any more is none', async () => {
  const listener = await listen(async () => {});
  await assert.rejects(system.dial('127.0.0.1', listener.address().port, AbortSignal.abort()), /in time/);
  const giving = new AbortController();
  const dialing = system.dial('127.0.0.1', listener.address().port, giving.signal);
  giving.abort();
  await assert.rejects(dialing, /in time/);
  stopListening(listener);
});

test('a name whose servers do not answer holds up itself alone', async (t) => {
  const receiver = await startReceiver();
  const { port } = new URL(receiver.url());
  const [silent, asked] = [Promise.withResolvers(), []];
  // As the system's resolver: two threads, and no end before there is one.
  const [queue, idle] = [[], [1, 2]];
  const network = {
    async lookup(name) {
      asked.push(name);
      if (idle.pop() === undefined) {
        await new Promise((resolve) => { queue.push(resolve); });
      }
      const found = name.startsWith('slow') ? await silent.promise : ['127.0.0.1'];
      (queue.shift() ?? (() => idle.push(1)))();
      return found;
    },
    dial: system.dial,
  };
  const client = new HttpClient({ network, connectMsMax: 1_200 });
  t.after(() => Promise.all([client.close(), receiver.close()]));
  const ask = async (host, timeoutMs) => {
    const { tag, val } = await exchange(client, request(`http://${host}:${port}/`, { timeoutMs }));
    return tag === 'ok' ? val.status : `${val.kind}: ${val.detail}`;
  };
  // Once, the name has one thread, whoever asks for it.
  const first = Promise.all(Array.from({ length: 20 }, () => ask('slow-1.example', 5_000)));
  assert.deepEqual(await Promise.all(['a', 'b'].map((name) => ask(`${name}.example`, 5_000))), [200, 200]);
  for (const said of await first) {
    assert.match(said, /^dns: .*in time/);
  }
  assert.deepEqual(asked.splice(0), ['slow-1.example', 'a.example', 'b.example']);
  silent.resolve(['127.0.0.1']);
  assert.equal(await ask('slow-1.example', 5_000), 200);
});

test('look-ups have a bound, known slow names one place, and what nobody waits for is not looked up', async () => {
  const [asked, answer] = [[], new Map()];
  const lookups = new Lookups({
    lookup(name) {
      asked.push(name);
      const found = Promise.withResolvers();
      answer.set(name, found.resolve);
      return found.promise;
    },
  });
  // Both are learned to be slow.
  const slow = ['s1', 's2'].map((name) => lookups.lookup(name));
  await sleep(LOOKUP_SLOW_MS + 100);
  ['s1', 's2'].forEach((name) => answer.get(name)([name]));
  assert.deepEqual(await Promise.all(slow), [['s1'], ['s2']]);
  const again = ['s1', 's2', 'quick'].map((name) => lookups.lookup(name));
  assert.deepEqual(asked.splice(0), ['s1', 's2', 's1', 'quick']);
  answer.get('s1')(['1']);
  answer.get('quick')(['q']);
  await Promise.all([again[0], again[2]]);
  answer.get('s2')(['2']);
  assert.deepEqual(await again[1], ['2']);
  assert.deepEqual(asked.splice(0), ['s2']);
  // One more than there are places: it waits, and is dropped when nobody wants it any more.
  const names = Array.from({ length: LOOKUPS_MAX }, (_, n) => `n${n}`);
  const many = names.map((name) => lookups.lookup(name));
  const giving = new AbortController();
  const given = lookups.lookup('given-up', giving.signal);
  const kept = lookups.lookup('kept');
  giving.abort();
  await assert.rejects(given, /in time/);
  names.forEach((name) => answer.get(name)([name]));
  await Promise.all(many);
  answer.get('kept')(['k']);
  assert.deepEqual(await kept, ['k']);
  assert.deepEqual(asked, [...names, 'kept']);
});

// A proxy that makes tunnels to wherever it is asked for; answers its port.
async function startTunnels(t) {
  const listener = await listen(async (socket) => {
    const [head] = await once(socket, 'data');
    const [, host, port] = /^CONNECT (.+):([0-9]+) /.exec(head);
    const onwards = net.connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      socket.pipe(onwards).pipe(socket);
    });
    onwards.on('error', () => socket.destroy());
  });
  t.after(() => stopListening(listener));
  return listener.address().port;
}

// A proxy that answers so, and makes a tunnel to the target if it says 200.
async function startProxy(t, said, target) {
  const asked = [];
  const listener = await listen(async (socket) => {
    let head = '';
    socket.on('data', function onData(piece) {
      head += piece;
      if (head.includes('\r\n\r\n')) {
        socket.off('data', onData);
        asked.push(head);
        socket.write(said);
        if (target !== undefined) {
          const onwards = net.connect(target, '127.0.0.1');
          socket.pipe(onwards).pipe(socket);
          onwards.on('error', () => socket.destroy());
        } else {
          socket.end();
        }
      }
    });
  });
  const stand = await standBefore(listener);
  stand.answer('public.example', [['10.0.0.5', '93.184.216.34']]);
  stand.answer('proxy.example', [['10.0.0.9']]);
  const client = new HttpClient({ proxy: 'http://user:p%40ss@proxy.example:3128', network: stand });
  t.after(async () => {
    await client.close();
    stopListening(listener);
  });
  return { client, asked, stand };
}

test('a proxy is asked for a tunnel to the address that was judged', async (t) => {
  const receiver = await startReceiver();
  t.after(() => receiver.close());
  const port = Number(new URL(receiver.url()).port);
  const { client, asked, stand } = await startProxy(t, 'HTTP/1.1 200 Connection established\r\n\r\n', port);
  assert.equal((await exchange(client, request('http://public.example/in'))).val.status, 200);
  assert.equal(asked[0], 'CONNECT 93.184.216.34:80 HTTP/1.1\r\nHost: 93.184.216.34:80\r\n'
    + 'Proxy-Authorization: Basic dXNlcjpwQHNz\r\n\r\n');
  assert.deepEqual(stand.seen().dials, ['10.0.0.9:3128']);
  const headers = new Map(receiver.requests[0].headers.map(([name, value]) => [name.toLowerCase(), value]));
  assert.deepEqual([headers.get('host'), headers.has('proxy-authorization')], ['public.example', false]);
  // What is prohibited never reaches the proxy.
  assert.equal((await exchange(client, request('http://10.0.0.1/'))).val.kind, 'destination-prohibited');
  assert.deepEqual(stand.seen().dials, []);
});

for (const [said, says] of [
  ['HTTP/1.1 403 Forbidden\r\n\r\n', 'it answered 403'],
  ['HTTP/1.1 407 Proxy Authentication Required\r\n\r\n', 'it answered 407'],
  ['HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n', 'it sent bytes after its response'],
  ['SSH-2.0-OpenSSH_9.2\r\n\r\n', 'it does not speak HTTP/1'],
]) {
  test(`a proxy that is none: ${says}`, async (t) => {
    const { client } = await startProxy(t, said);
    const { tag, val } = await exchange(client, request('http://public.example/'));
    assert.deepEqual([tag, val.kind], ['err', 'connect']);
    assert.ok(val.detail.includes('proxy') && val.detail.includes(says), val.detail);
    assert.ok(!val.detail.includes('p@ss'));
  });
}

test('what is no proxy is refused without being quoted', () => {
  for (const proxy of ['a:geheim@p', 'socks5://a:geheim@p:1', 'https://a:geheim@p', 'http://a:geheim@p/x']) {
    assert.throws(() => new HttpClient({ proxy }), (error) => /proxy/.test(error.message) && !/geheim/.test(error.message));
  }
});

test('a queue reports each request once, and gives up what is in flight', async (t) => {
  const listener = await listen(async () => {});
  const receiver = await startReceiver();
  const client = new HttpClient();
  t.after(async () => {
    await client.close();
    await receiver.close();
    stopListening(listener);
  });
  const queue = new Queue(client, new Signals(), true);
  const silent = `http://127.0.0.1:${listener.address().port}/`;
  queue.submit([request(receiver.url(), { id: 1n }), request(silent, { id: 2n, timeoutMs: 300 }), request('x', { id: 3n })]);
  const seen = [];
  while (seen.length < 3) {
    seen.push(...(await queue.wait(5_000)).completions);
  }
  const kinds = new Map(seen.map(({ id, outcome }) => [id, outcome.val.status ?? outcome.val.kind]));
  assert.deepEqual([kinds.get(1n), kinds.get(2n), kinds.get(3n)], [200, 'timeout', 'invalid-request']);
  queue.submit([request(silent, { id: 4n })]);
  queue.dispose();
  assert.deepEqual((await queue.wait(0)).completions, []);
});
