// A process that has begun to pump, on a thread of its own or on this one, and has then nothing more to do.

import { Hookwright } from '../../src/index.js';
import { KEY } from './hooks.js';
import { openStore } from './stored.js';

const [at, where] = process.argv.slice(2);
const storage = await openStore(at);
const hooks = await Hookwright.open({ storage, sealingKey: KEY, workers: { ownThread: where === 'thread' } });
await hooks.register('acme', { url: 'http://127.0.0.1:9/', events: ['*'] });
hooks.start();
await hooks.onEvent({ type: 'invoice.paid' }, { tenant: 'acme' });
