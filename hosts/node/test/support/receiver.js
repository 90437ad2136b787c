// A receiver on loopback that keeps what came, byte for byte.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A receiver that answers with what `answer(n)` says or promises: a status; 200 without it. */
export async function startReceiver(answer = () => 200) {
  const requests = [];
  let wake = () => {};
  const server = http.createServer((request, response) => {
    const pieces = [];
    request.on('data', (piece) => pieces.push(piece));
    request.on('end', async () => {
      requests.push({
        method: request.method,
        target: request.url,
        headers: pairs(request.rawHeaders),
        body: Buffer.concat(pieces),
        atMs: Date.now(),
      });
      wake();
      response.statusCode = await answer(requests.length - 1);
      response.end('ok');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    requests,
    url: (path = '/') => `http://127.0.0.1:${server.address().port}${path}`,
    /** Resolves when so many requests have come. */
    async count(wanted) {
      while (requests.length < wanted) {
        await new Promise((resolve) => { wake = resolve; });
      }
      return requests;
    },
    async close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/**
 * What `accept(n)` accepts is sent at once although nothing was due. A pump that nobody wakes looks once a second: with pauses
 * in which it comes to rest, it would find most of these late. The median counts, because a machine may be busy.
 */
export async function wakesAtOnce(receiver, accept) {
  const delaysMs = [];
  for (let n = 0; n < 7; n += 1) {
    await sleep(250);
    const begun = performance.now();
    const before = receiver.requests.length;
    await accept(`wake-${n}`);
    await receiver.count(before + 1);
    delaysMs.push(performance.now() - begun);
  }
  const [, , , medianMs] = delaysMs.sort((a, b) => a - b);
  assert.ok(medianMs < 400, `the median of ${delaysMs.map(Math.round)} ms`);
}

/** A port at which nobody listens. */
export async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return port;
}

function pairs(raw) {
  return Array.from({ length: raw.length / 2 }, (_, n) => [raw[2 * n], raw[2 * n + 1]]);
}
