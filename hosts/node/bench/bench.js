// Measures deliveries per second and CPU time per delivery, for Hookwright and for alternatives, in one run on one
// machine.
//
//   node bench/bench.js [deliveries]        10,000 by default
//
// Each contender and the receiver run in processes of their own. The receiver's CPU time is not counted. Redis is
// installed with apt-get if it is missing, and its CPU time is added to BullMQ's.

import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import os from 'node:os';
import { fileURLToPath } from 'node:url';
import { startPostgres } from '../test/support/postgres.js';

const COUNT = Number(process.argv[2] ?? 10_000);
const here = (name) => fileURLToPath(new URL(name, import.meta.url));

if (!existsSync(here('node_modules/bullmq'))) {
  console.log('installing bullmq and ioredis in bench/node_modules, once');
  execFileSync('npm', ['install', '--no-audit', '--no-fund'], { cwd: here('.'), stdio: 'inherit' });
}
if (!existsSync('/usr/bin/redis-server')) {
  console.log('installing redis-server with apt-get, once');
  execFileSync('apt-get', ['update', '-qq'], { stdio: 'inherit' });
  execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'redis-server'], { stdio: 'inherit' });
}

console.log(`Node ${process.version}, ${os.cpus().length} × ${os.cpus()[0].model}, load ${os.loadavg()[0].toFixed(1)}, ${COUNT} deliveries\n`);
console.log('| | deliveries/s | CPU per delivery | event loop p50 | p99 | max |');
console.log('|---|---|---|---|---|---|');
const postgres = await startPostgres();
for (const contender of ['undici', 'hookwright-sqlite', 'hookwright-sqlite-local', 'hookwright-postgres', 'bullmq']) {
  const receiver = fork(here('../test/support/counting.js'));
  const [port] = await once(receiver, 'message');
  const runner = fork(here('contender.js'), [contender, String(port), String(COUNT), postgres.url]);
  runner.on('message', (message) => receiver.send(message));
  receiver.on('message', (message) => runner.connected && runner.send(message));
  const [code] = await once(runner, 'exit');
  receiver.kill();
  if (code !== 0) {
    process.exitCode = 1;
  }
}
await postgres.stop();
