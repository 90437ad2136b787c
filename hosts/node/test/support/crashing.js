// A process that pumps until somebody kills it.

import { Hookwright } from '../../src/index.js';
import { KEY, LOOPBACK } from './hooks.js';
import { openStore } from './stored.js';

const storage = await openStore(process.argv[2]);
const hooks = await Hookwright.open({ storage, sealingKey: KEY, egress: LOOPBACK });
await hooks.reclaimLeases();
hooks.start();
hooks.signalWork();
setInterval(() => {}, 1_000);
