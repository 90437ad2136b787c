// The outbound proxy: tunnels, credentials, and proxies that do not answer as they should.

import assert from 'node:assert/strict';
import net from 'node:net';
import { test } from 'node:test';
import { HttpClient } from '../src/http/client.js';
import { exchange, request } from './support/client.js';
import { listen, networkBefore, stopListening } from './support/network.js';
import { openReceiver } from './support/open.js';

// Returns a client with a proxy that answers with `head`. If a port is given, the proxy then opens a tunnel to it.
async function openProxied(t, head, port) {
  const received = [];
  const listener = await listen(async (socket) => {
    let text = '';
    socket.on('data', function onData(piece) {
      text += piece;
      if (text.includes('\r\n\r\n')) {
        socket.off('data', onData);
        received.push(text);
        socket.write(head);
        if (port === undefined) {
          socket.end();
        } else {
          const onward = net.connect(port, '127.0.0.1');
          socket.pipe(onward).pipe(socket);
          onward.on('error', () => socket.destroy());
        }
      }
    });
  });
  const network = await networkBefore(listener);
  network.answer('public.example', [['10.0.0.5', '93.184.216.34']]);
  network.answer('proxy.example', [['10.0.0.9']]);
  const client = new HttpClient({ proxy: 'http://user:p%40ss@proxy.example:3128', network });
  t.after(async () => {
    await client.close();
    stopListening(listener);
  });
  return { client, received, network };
}

test('a proxy opens a tunnel to the permitted address', async (t) => {
  const receiver = await openReceiver(t);
  const port = Number(new URL(receiver.url()).port);
  const { client, received, network } = await openProxied(t, 'HTTP/1.1 200 Connection established\r\n\r\n', port);
  assert.equal((await exchange(client, request('http://public.example/in'))).val.status, 200);
  assert.equal(received[0], 'CONNECT 93.184.216.34:80 HTTP/1.1\r\nHost: 93.184.216.34:80\r\n'
    + 'Proxy-Authorization: Basic dXNlcjpwQHNz\r\n\r\n');
  assert.deepEqual(network.seen().dials, ['10.0.0.9:3128']);
  const headers = new Map(receiver.requests[0].headers.map(([name, value]) => [name.toLowerCase(), value]));
  assert.deepEqual([headers.get('host'), headers.has('proxy-authorization')], ['public.example', false]);
});

test('a prohibited address does not reach the proxy', async (t) => {
  const { client, network } = await openProxied(t, 'HTTP/1.1 200 Connection established\r\n\r\n');
  assert.equal((await exchange(client, request('http://10.0.0.1/'))).val.kind, 'destination-prohibited');
  assert.deepEqual(network.seen().dials, []);
});

for (const { name, head, detail } of [
  { name: 'refuses the tunnel', head: 'HTTP/1.1 403 Forbidden\r\n\r\n', detail: 'it answered 403' },
  { name: 'refuses the credentials', head: 'HTTP/1.1 407 Proxy Authentication Required\r\n\r\n', detail: 'it answered 407' },
  { name: 'sends too much', head: 'HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n', detail: 'it sent bytes after its response' },
  { name: 'speaks another protocol', head: 'SSH-2.0-OpenSSH_9.2\r\n\r\n', detail: 'it does not speak HTTP/1' },
]) {
  test(`a proxy that ${name} fails the request, without its password in the detail`, async (t) => {
    const { client } = await openProxied(t, head);
    const { tag, val } = await exchange(client, request('http://public.example/'));
    assert.deepEqual([tag, val.kind], ['err', 'connect']);
    assert.ok(val.detail.includes('proxy') && val.detail.includes(detail), val.detail);
    assert.ok(!val.detail.includes('p@ss'));
  });
}

test('an invalid proxy is refused, without its password in the message', () => {
  for (const proxy of ['a:geheim@p', 'socks5://a:geheim@p:1', 'https://a:geheim@p', 'http://a:geheim@p/x']) {
    assert.throws(() => new HttpClient({ proxy }), (error) => /proxy/.test(error.message) && !/geheim/.test(error.message), proxy);
  }
});
