// A process that has begun to pump, and has then nothing more to do.

import { Hookwright, sqliteStorage } from '../../src/index.js';
import { KEY } from './hooks.js';

const hooks = await Hookwright.open({ storage: sqliteStorage(process.argv[2]), sealingKey: KEY });
await hooks.register('acme', { url: 'http://127.0.0.1:9/', events: ['*'] });
hooks.start();
await hooks.onEvent({ type: 'invoice.paid' }, { tenant: 'acme' });
