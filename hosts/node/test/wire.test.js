// The connection as undici reads it: interim responses are dropped, and a response is never changed.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { test } from 'node:test';
import { Wire } from '../src/http/wire.js';
import { listen, stopListening } from './support/network.js';

// Returns what a wire reads of these pieces after a request. Each piece arrives alone.
async function read(t, pieces) {
  const arrived = [];
  const listener = await listen(async (socket) => {
    await once(socket, 'data');
    for (const piece of pieces) {
      socket.write(piece);
      await new Promise((resolve) => { arrived.push(resolve); });
    }
    socket.end();
  });
  t.after(() => stopListening(listener));
  const socket = net.connect(listener.address().port, '127.0.0.1');
  const wire = new Wire(socket);
  socket.on('data', () => setImmediate(() => arrived.shift()?.()));
  wire.write('GET / HTTP/1.1\r\n\r\n');
  const read = [];
  for await (const piece of wire) {
    read.push(piece);
  }
  return Buffer.concat(read).toString();
}

const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';
const EARLY = 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 25\r\n\r\n';

test('interim responses before a response are dropped, in pieces of any size', async (t) => {
  for (const interim of ['', CONTINUE, CONTINUE + EARLY, EARLY + CONTINUE, 'HTTP/1.0 100\n\n', 'HTTP/1.1 199 X\r\n\r\n']) {
    assert.equal(await read(t, [interim + OK + CONTINUE].filter(Boolean)), OK + CONTINUE, JSON.stringify(interim));
    assert.equal(await read(t, [...interim, ...OK.slice(0, 40), OK.slice(40) + CONTINUE]), OK + CONTINUE, JSON.stringify(interim));
  }
});

test('a body is not changed, although each of its pieces looks like an interim response', async (t) => {
  assert.equal(await read(t, [OK, CONTINUE]), OK + CONTINUE);
  assert.equal(await read(t, [CONTINUE, OK, CONTINUE, CONTINUE]), OK + CONTINUE + CONTINUE);
});

test('bytes that are no interim response are passed on', async (t) => {
  for (const bytes of ['HTTP/1.1 101 Switching\r\n\r\n', 'HTTP/1.1 1', 'HTTP', 'SSH-2.0\r\n', 'HTTP/2 100\r\n\r\n']) {
    assert.equal(await read(t, [bytes]), bytes, JSON.stringify(bytes));
  }
});
