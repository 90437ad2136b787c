// A process that starts workers, on a thread of their own or on this one. Its standard input ends when it has nothing
// more to do.

import { Hookwright } from '../../src/index.js';
import { acceptInvoice, LOOPBACK, SEALING_KEY, subscribe } from './open.js';
import { openStore } from './stores.js';

const [location, thread, url] = process.argv.slice(2);
const storage = await openStore(location);
const webhooks = await Hookwright.open({
  storage, sealingKey: SEALING_KEY, egress: LOOPBACK, workers: { ownThread: thread === 'own' },
});
await subscribe(webhooks, url, { timeoutMs: 30_000 });
await webhooks.reclaimLeases();
webhooks.start();
await acceptInvoice(webhooks, thread);
for await (const _ of process.stdin);
