// A process that delivers until it is killed.

import { Hookwright } from '../../src/index.js';
import { LOOPBACK, SEALING_KEY } from './open.js';
import { openStore } from './stores.js';

const storage = await openStore(process.argv[2]);
<<<<<<< HEAD
const hooks = await Hookwright.open({ storage, sealingKey: KEY, egress: LOOPBACK });
await hooks.reclaimLeases();
hooks.start();
hooks.signalWork();
=======
const webhooks = await Hookwright.open({ storage, sealingKey: SEALING_KEY, egress: LOOPBACK });
await webhooks.reclaimLeases();
webhooks.start();
webhooks.signalWork();
>>>>>>> 36b6c2f (Write the Node host's tests with one set of helpers, and name them by subject, condition and outcome)
setInterval(() => {}, 1_000);
