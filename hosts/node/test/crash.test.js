// Processes that are killed, and processes that finish while their workers run.

import assert from 'node:assert/strict';
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { deliverAll, invoicePaid, openReceiver, openWebhooks, subscribe, temporaryFolder, TENANT } from './support/open.js';
import { startPostgres } from './support/postgres.js';
import { openStore } from './support/stores.js';

const CRASHING = fileURLToPath(new URL('./support/crashing.js', import.meta.url));
const FINISHING = fileURLToPath(new URL('./support/finishing.js', import.meta.url));
// The default of a webhook's `concurrency`.
const LANE_IN_FLIGHT = 8;
// Much longer than a process runs that nothing keeps alive.
const FINISH_MS_MAX = 60_000;
// The time of a webhook's request in `finishing.js`.
const REQUEST_MS = 30_000;
const EVENTS = 100;
const WEBHOOKS = 4;
const CRASHES = 2;
let server;

before(async () => { server = await startPostgres(); });
after(() => server?.stop());

const STORES = {
  sqlite: (t) => path.join(temporaryFolder(t), 'app.db'),
  pg: () => server.url,
};

for (const [name, locate] of Object.entries(STORES)) {
  test(`${name}: after crashes of the workers every message is delivered`, async (t) => {
    const location = locate(t);
    const webhooks = await openWebhooks(t, { storage: await openStore(location) });
    const receiver = await openReceiver(t);
    for (let n = 0; n < WEBHOOKS; n += 1) {
      await subscribe(webhooks, receiver.url(`/${n}`));
    }
    const accepted = await webhooks.onEvents(Array.from({ length: EVENTS }, (_, n) => invoicePaid(n)), { tenant: TENANT });
    for (let crash = 0; crash < CRASHES; crash += 1) {
      const child = fork(CRASHING, [location], { stdio: 'inherit' });
      await receiver.count(receiver.requests.length + 60);
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    const total = EVENTS * WEBHOOKS;
    assert.ok(receiver.requests.length < total, 'the crashes came before the last delivery');
    assert.ok(await webhooks.reclaimLeases() > 0, 'the killed processes have left leases');
    await deliverAll(webhooks);
    const sent = receiver.requests.map(({ target, headers }) => `${target} ${new Map(headers).get('webhook-id')}`);
    const expected = accepted.flatMap(({ messageId }) => Array.from({ length: WEBHOOKS }, (_, n) => `/${n} ${messageId}`));
    assert.deepEqual(new Set(sent), new Set(expected));
    // Each crash repeats at most the requests in flight, and those whose responses the interrupted commit would have
    // recorded.
    const repeatedMax = CRASHES * WEBHOOKS * 2 * LANE_IN_FLIGHT;
    assert.ok(sent.length - total <= repeatedMax, `${sent.length - total} requests were repeated`);
  });

  for (const thread of ['own', "caller's"]) {
    test(`${name}: workers on the ${thread} thread do not keep a finished process alive`, async (t) => {
      // The receiver never responds, so a request is in flight when the process is finished.
      const receiver = await openReceiver(t, () => new Promise(() => {}));
      const startedMs = performance.now();
      const args = [FINISHING, locate(t), thread, receiver.url()];
      const child = spawn(process.execPath, args, { stdio: ['pipe', 'inherit', 'inherit'], timeout: FINISH_MS_MAX });
      child.stdin.on('error', () => {});
      await receiver.count(1);
      child.stdin.end('finish');
      const [code] = await once(child, 'exit');
      assert.equal(code, 0);
      const ranMs = performance.now() - startedMs;
      assert.ok(ranMs < REQUEST_MS, `the process was held for ${ranMs} ms`);
    });
  }
}
