// A process that delivers until it is killed.

import { Hookwright } from '../../src/index.js';
import { LOOPBACK, SEALING_KEY } from './open.js';
import { openStore } from './stores.js';

const storage = await openStore(process.argv[2]);
const webhooks = await Hookwright.open({ storage, sealingKey: SEALING_KEY, egress: LOOPBACK });
await webhooks.reclaimLeases();
webhooks.start();
webhooks.signalWork();
setInterval(() => {}, 1_000);
