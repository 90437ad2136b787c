// One contender of the benchmark. It accepts all events, then delivers them, and prints a row of the table.

import { execFileSync, spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Agent, request } from 'undici';

const [, , contender, port, countText, postgresUrl] = process.argv;
const COUNT = Number(countText);
const WEBHOOKS = 20;
// Requests in flight per webhook, for the contenders that have such a setting.
const CONCURRENCY = 64;
const folder = mkdtempSync(path.join(os.tmpdir(), 'hw-bench-'));
const event = (n) => ({ type: 'invoice.paid', id: `e-${n}`, data: { amount: n, text: 'x'.repeat(200) } });
const url = (n) => `http://127.0.0.1:${port}/${n % WEBHOOKS}`;

const contenders = {
  undici: plain,
  'hookwright-sqlite': () => hookwright('sqlite', true),
  'hookwright-sqlite-local': () => hookwright('sqlite', false),
  'hookwright-postgres': () => hookwright('postgres', true),
  bullmq,
};
const { start, stop, otherCpuUs = () => 0 } = await contenders[contender]();
const delay = monitorEventLoopDelay({ resolution: 2 });
delay.enable();
const [begun, cpu, others] = [performance.now(), process.cpuUsage(), otherCpuUs()];
process.send(COUNT);
start();
await once(process, 'message');
const seconds = (performance.now() - begun) / 1_000;
const used = process.cpuUsage(cpu);
delay.disable();
const cpuUs = (used.user + used.system + otherCpuUs() - others) / COUNT;
const ms = (value) => `${(value / 1e6 - 2).toFixed(1)} ms`;
console.log(`| ${contender} | ${Math.round(COUNT / seconds)} | ${Math.round(cpuUs)} us | ${ms(delay.percentile(50))} | `
  + `${ms(delay.percentile(99))} | ${ms(delay.max)} |`);
await stop();
rmSync(folder, { recursive: true, force: true });
// BullMQ's client would keep the process alive, because it reconnects to Redis.
process.exit();

// The least cost of sending: no storage, no retries, no log.
async function plain() {
  const agent = new Agent({ connections: 512 });
  let next = 0;
  const one = async () => {
    while (next < COUNT) {
      await send(agent, next++);
    }
  };
  return {
    start: () => { Promise.all(Array.from({ length: 256 }, one)); },
    stop: () => agent.close(),
  };
}

async function send(agent, n) {
  const body = JSON.stringify(event(n));
  const at = Math.floor(Date.now() / 1_000);
  const signature = createHmac('sha256', 'secretsecretsecretsecret').update(`msg_${n}.${at}.${body}`).digest('base64');
  const { body: answer } = await request(url(n), {
    dispatcher: agent,
    method: 'POST',
    body,
    headers: {
      'content-type': 'application/json', 'webhook-id': `msg_${n}`, 'webhook-timestamp': at, 'webhook-signature': `v1,${signature}`,
    },
  });
  await answer.dump();
}

async function hookwright(store, ownThread) {
  const { Hookwright, postgresStorage, sqliteStorage } = await import('../src/index.js');
  let storage;
  let pool;
  if (store === 'sqlite') {
    storage = sqliteStorage(path.join(folder, 'bench.db'));
  } else {
    const { default: pg } = await import('pg');
    pool = new pg.Pool({ connectionString: postgresUrl });
    storage = postgresStorage(pool);
  }
  await storage.createSchema();
  const webhooks = await Hookwright.open({
    storage,
    sealingKey: `k1:${'07'.repeat(32)}`,
    egress: { allowDestinations: ['127.0.0.0/8'] },
    workers: { ownThread },
  });
  for (let n = 0; n < WEBHOOKS; n += 1) {
    await webhooks.register('acme', { url: url(n), events: ['*'], concurrency: CONCURRENCY });
  }
  for (let n = 0; n < COUNT / WEBHOOKS; n += 100) {
    await webhooks.onEvents(Array.from({ length: Math.min(100, COUNT / WEBHOOKS - n) }, (_, k) => event(n + k)), { tenant: 'acme' });
  }
  return {
    start: () => webhooks.start(),
    stop: async () => {
      await webhooks.close();
      await pool?.end();
    },
  };
}

async function bullmq() {
  const { Queue, Worker } = await import('bullmq');
  const socket = path.join(folder, 'redis.sock');
  const settings = ['--port', '0', '--unixsocket', socket, '--appendonly', 'yes', '--dir', folder];
  const redis = spawn('/usr/bin/redis-server', settings, { stdio: 'ignore' });
  while (!readable(socket)) {
    await new Promise((resolve) => { setTimeout(resolve, 20); });
  }
  const connection = { path: socket, maxRetriesPerRequest: null };
  const queue = new Queue('webhooks', { connection });
  const options = { attempts: 5, backoff: { type: 'exponential', delay: 1_000 }, removeOnComplete: true };
  for (let n = 0; n < COUNT; n += 1_000) {
    await queue.addBulk(Array.from({ length: Math.min(1_000, COUNT - n) }, (_, k) => ({ name: 'send', data: { n: n + k }, opts: options })));
  }
  const agent = new Agent({ connections: 512 });
  let worker;
  return {
    start() {
      worker = new Worker('webhooks', (job) => send(agent, job.data.n), { connection, concurrency: 256 });
    },
    async stop() {
      await worker.close(true);
      await agent.destroy();
      redis.kill('SIGKILL');
    },
    otherCpuUs: () => cpuOf(redis.pid),
  };
}

function readable(socket) {
  try {
    execFileSync('/usr/bin/redis-cli', ['-s', socket, 'ping'], { stdio: 'pipe' });
    return true;
  } catch {
    return false;
  }
}

// User and system time of a process, in clock ticks of 10 ms.
function cpuOf(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}
