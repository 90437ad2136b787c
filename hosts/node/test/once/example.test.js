// The NestJS example. Its API changes assets, and webhooks are sent for the committed changes only.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import pg from 'pg';
import { verify } from '../../src/index.js';
import { startPostgres } from '../support/postgres.js';
import { openReceiver } from '../support/open.js';

const FOLDER = fileURLToPath(new URL('../../examples/nest/', import.meta.url));
const env = { ...process.env, PATH: `${path.dirname(process.execPath)}:${process.env.PATH}`, NO_COLOR: '1' };

let built = false;

function build() {
  if (built) {
    return;
  }
  if (!existsSync(path.join(FOLDER, 'node_modules/typeorm'))) {
    process.stderr.write('installing what examples/nest needs, once\n');
    execFileSync('npm', ['ci', '--prefer-offline', '--no-audit', '--no-fund'], { cwd: FOLDER, env, stdio: 'pipe' });
  }
  execFileSync(process.execPath, ['node_modules/typescript/bin/tsc'], { cwd: FOLDER, stdio: 'inherit' });
  built = true;
}

test('a change of an asset whose tenant is unknown is refused', async () => {
  build();
  const { AssetEvents } = await import(pathToFileURL(path.join(FOLDER, 'dist/asset.events.js')).href);
  const reported = [];
  const events = new AssetEvents({ subscribers: [] }, { onEvent: async (event) => reported.push(event) });
  // TypeORM calls it so for `repository.update()` and `delete()`.
  await assert.rejects(events.afterUpdate({ entity: { status: 'retired' } }), /asset\.updated: .* load the asset/);
  await assert.rejects(events.afterRemove({}), /asset\.deleted: .* load the asset/);
  assert.deepEqual(reported, []);
  await events.afterUpdate({ databaseEntity: { id: 1, tenant: 'acme' }, entity: { status: 'retired' } });
  assert.deepEqual(reported[0].after, { id: 1, tenant: 'acme', status: 'retired' });
});

test('the service sends webhooks for committed changes, also after its connections were lost', async (t) => {
  build();
  const server = await startPostgres();
  t.after(() => server.stop());
  const receiver = await openReceiver(t);
  const service = spawn(process.execPath, ['dist/main.js'], {
    cwd: FOLDER,
    env: { ...env, DATABASE_URL: server.url, SEALING_KEY: '07'.repeat(32), PORT: '0', ALLOW_DESTINATIONS: '127.0.0.0/8' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => service.kill('SIGKILL'));
  const [output] = await once(service.stdout, 'data');
  const base = /http\S+/.exec(output)[0];
  const ask = async (method, target, body) => {
    const headers = { 'content-type': 'application/json', 'x-tenant': 'acme', 'x-user': 'u1' };
    const response = await fetch(`${base}${target}`, { method, headers, body: body && JSON.stringify(body) });
    const text = await response.text();
    return { status: response.status, body: text && JSON.parse(text) };
  };

  const { status, body: webhook } = await ask('POST', '/api/webhooks/webhooks', { url: receiver.url(), events: ['asset.*'] });
  assert.equal(status, 201, JSON.stringify(webhook));
  const created = await ask('POST', '/assets', { tenant: 'acme', name: 'Dell Latitude' });
  assert.equal(created.status, 201, JSON.stringify(created));
  assert.equal((await ask('POST', '/assets', { tenant: 'acme', name: 'forbidden' })).status, 422);
  assert.equal((await ask('PATCH', `/assets/${created.body.id}`, { status: 'allocated' })).body.status, 'allocated');
  // Every connection is lost, as after a restart of the server.
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  const { rowCount } = await client.query(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'",
  );
  await client.end();
  assert.ok(rowCount > 1);
  while ((await ask('GET', '/api/webhooks/webhooks')).status !== 200);
  assert.equal((await ask('DELETE', `/assets/${created.body.id}`)).status, 200);
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
