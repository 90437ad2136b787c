// A process that pumps until somebody kills it.

import { Hookwright, sqliteStorage } from '../../src/index.js';
import { KEY, LOOPBACK } from './hooks.js';

const storage = sqliteStorage(process.argv[2]);
const hooks = await Hookwright.open({ storage, sealingKey: KEY, egress: LOOPBACK });
await hooks.takeOver();
hooks.start();
hooks.wake();
setInterval(() => {}, 1_000);
