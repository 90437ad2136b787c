// A process that starts workers, on a thread of their own or on this one, and has then nothing more to do.

import { Hookwright } from '../../src/index.js';
import { acceptInvoice, SEALING_KEY, subscribe } from './open.js';
import { openStore } from './stores.js';

const [location, thread] = process.argv.slice(2);
const storage = await openStore(location);
const webhooks = await Hookwright.open({ storage, sealingKey: SEALING_KEY, workers: { ownThread: thread === 'own' } });
await subscribe(webhooks, 'http://127.0.0.1:9/');
webhooks.start();
await acceptInvoice(webhooks, 'a');
