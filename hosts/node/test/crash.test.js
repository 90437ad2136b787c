// A process that ends in the middle: what a crash leaves the next one finds, and a pump keeps no finished process alive.

import assert from 'node:assert/strict';
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openHooks, temporaryFolder } from './support/hooks.js';
import { startPostgres } from './support/postgres.js';
import { startReceiver } from './support/receiver.js';
import { openStore } from './support/stored.js';

const event = (n) => ({ type: 'invoice.paid', id: `e-${n}`, data: { n } });
const CRASHING = fileURLToPath(new URL('./support/crashing.js', import.meta.url));
const FINISHING = fileURLToPath(new URL('./support/finishing.js', import.meta.url));
// A webhook's requests in flight, unless it says another number.
const LANE_IN_FLIGHT = 8;
// Far more than a process takes that nothing keeps.
const FINISHED_WITHIN_MS = 60_000;
let server;

before(async () => { server = await startPostgres(); });
after(() => server?.stop());

const STORES = {
  sqlite: (t) => path.join(temporaryFolder(t), 'app.db'),
  pg: () => server.url,
};

for (const [name, where] of Object.entries(STORES)) {
  test(`${name}: a crash in the middle of the pump loses nothing`, async (t) => {
    const total = 400;
    const at = where(t);
    const storage = await openStore(at);
    const receiver = await startReceiver();
    t.after(() => receiver.close());
    const hooks = await openHooks(t, { storage });
    for (let n = 0; n < 4; n += 1) {
      await hooks.register('acme', { url: receiver.url(`/${n}`), events: ['*'] });
    }
    const accepted = await hooks.onEvents(Array.from({ length: 100 }, (_, n) => event(n)), { tenant: 'acme' });
    for (let crash = 1; crash <= 2; crash += 1) {
      const child = fork(CRASHING, [at], { stdio: 'inherit' });
      await receiver.count(receiver.requests.length + 60);
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    const before = receiver.requests.length;
    assert.ok(before < total, 'it was killed before it was done');
    // No other is at work on the store: what the dead have leased need not be waited for.
    assert.ok(await hooks.reclaimLeases() > 0);
    while ((await hooks.deliver()).attempts > 0);
    const seen = new Set(receiver.requests.map(({ target, headers }) => `${target} ${new Map(headers).get('webhook-id')}`));
    const wanted = new Set(accepted.flatMap(({ messageId }) => [0, 1, 2, 3].map((n) => `/${n} ${messageId}`)));
    assert.deepEqual(seen, wanted);
    // At least once, and not much more: for each crash and webhook what was in flight, and what had come back and was in the
    // commit that the crash met.
    const unrecordedMax = 2 * LANE_IN_FLIGHT;
    assert.ok(receiver.requests.length - total <= 2 * 4 * unrecordedMax, `${receiver.requests.length - total} twice`);
  });

  for (const pumping of ['thread', 'caller']) {
    test(`${name}: a finished process is not kept alive by its pump on the ${pumping}`, async (t) => {
      const child = spawn(process.execPath, [FINISHING, where(t), pumping], { stdio: 'inherit', timeout: FINISHED_WITHIN_MS });
      const [code] = await once(child, 'exit');
      assert.equal(code, 0);
    });
  }
}
