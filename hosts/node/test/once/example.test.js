// The NestJS example runs: assets change by its API, and webhooks hear of what was committed, and of nothing else.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { verify } from '../../src/index.js';
import { startPostgres } from '../support/postgres.js';
import { startReceiver } from '../support/receiver.js';

const FOLDER = fileURLToPath(new URL('../../examples/nest/', import.meta.url));
const env = { ...process.env, PATH: `${path.dirname(process.execPath)}:${process.env.PATH}`, NO_COLOR: '1' };

test('an inventory in NestJS with TypeORM', async (t) => {
  if (!existsSync(path.join(FOLDER, 'node_modules/typeorm'))) {
    process.stderr.write('installing what examples/nest needs, once\n');
    execFileSync('npm', ['ci', '--prefer-offline', '--no-audit', '--no-fund'], { cwd: FOLDER, env, stdio: 'pipe' });
  }
  execFileSync(process.execPath, ['node_modules/typescript/bin/tsc'], { cwd: FOLDER, stdio: 'inherit' });
  const server = await startPostgres();
  t.after(() => server.stop());
  const receiver = await startReceiver();
  t.after(() => receiver.close());
  const service = spawn(process.execPath, ['dist/main.js'], {
    cwd: FOLDER,
    env: { ...env, DATABASE_URL: server.url, SEALING_KEY: '07'.repeat(32), PORT: '0', ALLOW_DESTINATIONS: '127.0.0.0/8' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => service.kill('SIGKILL'));
  const [said] = await once(service.stdout, 'data');
  const base = /http\S+/.exec(said)[0];
  const ask = async (method, target, body) => {
    const headers = { 'content-type': 'application/json', 'x-tenant': 'acme', 'x-user': 'u1' };
    const response = await fetch(`${base}${target}`, { method, headers, body: body && JSON.stringify(body) });
    const text = await response.text();
    return { status: response.status, body: text && JSON.parse(text) };
  };

  const { status, body: webhook } = await ask('POST', '/api/webhooks/webhooks', { url: receiver.url(), events: ['asset.*'] });
  assert.equal(status, 201, JSON.stringify(webhook));
  const made = await ask('POST', '/assets', { tenant: 'acme', name: 'Dell Latitude' });
  assert.equal(made.status, 201, JSON.stringify(made));
  assert.equal((await ask('POST', '/assets', { tenant: 'acme', name: 'forbidden' })).status, 422);
  assert.equal((await ask('PATCH', `/assets/${made.body.id}`, { status: 'allocated' })).body.status, 'allocated');
  await ask('DELETE', `/assets/${made.body.id}`);
  await receiver.count(3);
  const bodies = receiver.requests.map(({ body }) => JSON.parse(body));
  assert.deepEqual(bodies.map(({ type, data }) => [type, data.name, data.status]).sort(), [
    ['asset.created', 'Dell Latitude', 'available'],
    ['asset.deleted', 'Dell Latitude', 'allocated'],
    ['asset.updated', 'Dell Latitude', 'allocated'],
  ]);
  for (const request of receiver.requests) {
    assert.equal((await verify(request, webhook.secret)).kind, 'verified');
  }

  service.kill('SIGTERM');
  await once(service, 'exit');
  assert.equal(receiver.requests.length, 3);
});
