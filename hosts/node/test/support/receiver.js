// A receiver on loopback. It keeps the requests byte for byte.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** Starts a receiver. `respond(n)` returns the status of the response to request `n`, or a promise of it. */
export async function startReceiver(respond = () => 200) {
  const requests = [];
  let onRequest = () => {};
  const server = http.createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray());
    requests.push({ method: request.method, target: request.url, headers: pairs(request.rawHeaders), body });
    onRequest();
    response.statusCode = await respond(requests.length - 1);
    response.end('ok');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    requests,
    url: (path = '/') => `http://127.0.0.1:${server.address().port}${path}`,
    /** The value of the header `webhook-id` of each request, sorted. */
    messageIds: () => requests.map(({ headers }) => new Map(headers).get('webhook-id')).sort(),
    /** Resolves when `wanted` requests have been received. */
    async count(wanted) {
      while (requests.length < wanted) {
        await new Promise((resolve) => { onRequest = resolve; });
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
 * Asserts that the event accepted by `accept(id)` is sent at once, although the workers have come to rest. Without a
 * signal a worker looks once per second, and would find most events late. The median counts, because the machine may be
 * busy.
 */
export async function assertSentAtOnce(receiver, accept) {
  const delaysMs = [];
  for (let n = 0; n < 7; n += 1) {
    await sleep(250);
    const startedMs = performance.now();
    const before = receiver.requests.length;
    await accept(`at-once-${n}`);
    await receiver.count(before + 1);
    delaysMs.push(performance.now() - startedMs);
  }
  const [, , , medianMs] = delaysMs.sort((a, b) => a - b);
  assert.ok(medianMs < 400, `the median of ${delaysMs.map(Math.round)} ms`);
}

function pairs(raw) {
  return Array.from({ length: raw.length / 2 }, (_, n) => [raw[2 * n], raw[2 * n + 1]]);
}
