// The management API in the servers of other packages. Each server must give the same responses.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { test } from 'node:test';
import express from 'express';
import Fastify from 'fastify';
import { memoryStorage, StorageError } from '../src/index.js';
import { openWebhooks } from './support/open.js';

const MOUNT = '/api/webhooks';

function caller(request) {
  const [, tenant] = /^Bearer (\w+)$/.exec(request.headers.authorization ?? '') ?? [];
  return tenant && { tenant, user: 'u1', permissions: request.headers['x-read-only'] ? [] : ['manage:webhook'] };
}

const SERVERS = {
  async express(webhooks) {
    const app = express();
    app.use(MOUNT, webhooks.middleware({ caller }));
    return app.listen(0, '127.0.0.1');
  },
  async 'express with a body parser'(webhooks) {
    const app = express().set('env', 'test');
    app.use(express.json());
    app.use(MOUNT, webhooks.middleware({ caller }));
    return app.listen(0, '127.0.0.1');
  },
  async 'node:http'(webhooks) {
    return http.createServer(webhooks.middleware({ caller, mount: MOUNT })).listen(0, '127.0.0.1');
  },
  async fastify(webhooks) {
    const app = Fastify();
    app.register(webhooks.fastify({ caller }), { prefix: MOUNT });
    await app.listen({ port: 0, host: '127.0.0.1' });
    return app.server;
  },
  async 'fastify with a parameter in the prefix'(webhooks) {
    const app = Fastify();
    app.setErrorHandler((error, _, reply) => reply.code(503).send('the handler of the application'));
    app.register(webhooks.fastify({ caller }), { prefix: '/:area/webhooks' });
    await app.listen({ port: 0, host: '127.0.0.1' });
    return app.server;
  },
};

// Waits until the server listens, and closes it at the end of the test. Returns its address.
async function addressOf(t, server) {
  if (!server.listening) {
    await once(server, 'listening');
  }
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${server.address().port}`;
}

// Returns a function that gets a path from a server.
async function openGetter(t, listener) {
  const address = await addressOf(t, http.createServer(listener).listen(0, '127.0.0.1'));
  return (path) => fetch(address + path, { headers: { authorization: 'Bearer acme' }, signal: AbortSignal.timeout(10_000) });
}

// Returns a function that sends requests to the management API of a server.
function asker(address) {
  return async (method, path, { body, token = 'acme', headers = {} } = {}) => {
    const response = await fetch(`${address}${MOUNT}${path}`, {
      method,
      redirect: 'manual',
      body: body && JSON.stringify(body),
      headers: {
        ...(token && { authorization: `Bearer ${token}` }),
        ...(body && { 'content-type': 'application/json' }),
        ...headers,
      },
    });
    const text = await response.text();
    const [type] = (response.headers.get('content-type') ?? '').split(';');
    const location = response.headers.get('location');
    return { status: response.status, type, location, body: type.endsWith('json') ? JSON.parse(text) : text };
  };
}

// Asserts that a response has this status, although it has a location, and that the location is a path of the server.
async function assertJobAt({ status, location }, expected, ask) {
  assert.equal(status, expected);
  assert.ok(location.startsWith(`${MOUNT}/jobs/`), location);
  assert.equal((await ask('GET', location.slice(MOUNT.length))).status, 200);
}

for (const [name, serve] of Object.entries(SERVERS)) {
  test(`${name}: every call gets the response of the management API`, async (t) => {
    const webhooks = await openWebhooks(t);
    const ask = asker(await addressOf(t, await serve(webhooks)));
    const registration = { name: 'Café', url: 'https://hooks.example.com/in', events: ['invoice.*'] };
    const created = await ask('POST', '/webhooks', { body: registration });
    assert.equal(created.status, 201, JSON.stringify(created));
    assert.equal(created.body.name, 'Café');
    assert.match(created.body.secret, /^whsec_/);
    assert.equal((await ask('GET', `/webhooks/${created.body.id}`)).body.secret, undefined);
    assert.equal((await ask('GET', '/webhooks?limit=1')).body.data.length, 1);
    const refused = await ask('POST', '/webhooks', { body: { ...registration, url: 'ftp://x' } });
    assert.deepEqual([refused.status, refused.body.field, refused.type], [422, 'url', 'application/problem+json']);
    assert.equal((await ask('GET', `/webhooks/${created.body.id}`, { token: 'other' })).status, 404, 'another tenant');
    assert.equal((await ask('GET', '/webhooks', { token: null })).status, 401, 'an unknown caller');
    const forbidden = await ask('DELETE', `/webhooks/${created.body.id}`, { headers: { 'x-read-only': '1' } });
    assert.equal(forbidden.status, 403);
    const since = new Date(Date.now() - 60_000).toISOString();
    const replayed = await ask('POST', `/webhooks/${created.body.id}/replay`, { body: { since } });
    await assertJobAt(replayed, 202, ask);
    await assertJobAt(await ask('DELETE', `/webhooks/${created.body.id}`), 204, ask);
    assert.equal((await ask('GET', '/nowhere')).status, 404);
    const large = await ask('POST', '/webhooks', { body: { ...registration, name: 'x'.repeat(1_100_000) } });
    // A body parser before the middleware refuses the body itself.
    const type = name.includes('parser') ? 'text/html' : 'application/problem+json';
    assert.deepEqual([large.status, large.type], [413, type]);
  });
}

for (const [name, serve] of Object.entries(SERVERS)) {
  test(`${name}: a failure of the host is logged, and the response does not quote it`, async (t) => {
    const logged = [];
    const webhooks = await openWebhooks(t, { log: (level, message) => logged.push([level, message]) });
    const ask = asker(await addressOf(t, await serve(webhooks)));
    webhooks.handle = async () => { throw new Error('password of db.internal'); };
    const response = await ask('GET', '/webhooks');
    assert.deepEqual([response.status, response.type], [500, 'application/problem+json']);
    assert.ok(!JSON.stringify(response.body).includes('db.internal'));
    assert.equal(logged.length, 1);
    assert.match(logged[0][1], /GET \/webhooks of the management API failed: .*password of db\.internal/);
  });
}

test('a failure of the storage is logged, and the response does not quote the database', async (t) => {
  const logged = [];
  const storage = memoryStorage();
  const webhooks = await openWebhooks(t, { storage, log: (level, message) => logged.push([level, message]) });
  const { get, scan } = storage;
  const rows = [
    { name: 'a lost connection', error: new Error('connect ECONNREFUSED db.internal:5432'), status: 503 },
    { name: 'a refused user', error: new StorageError('not-applied', 'no access for user shop@db.internal'), status: 503 },
    { name: 'a call that the store refuses', error: new StorageError('invalid', 'encoding of db.internal'), status: 500 },
  ];
  for (const { name, error, status } of rows) {
    storage.get = storage.scan = () => { throw error; };
    const request = { method: 'GET', path: '/webhooks' };
    const response = await webhooks.handle(request, { tenant: 'acme', permissions: ['manage:webhook'] });
    Object.assign(storage, { get, scan });
    assert.equal(response.status, status, name);
    assert.ok(!response.body.includes('db.internal'), `${name}: ${response.body}`);
    assert.equal(JSON.parse(response.body).status, status, name);
    const [[level, message], ...more] = logged.splice(0);
    assert.deepEqual([level, more], ['error', []], name);
    assert.match(message, new RegExp(`GET /webhooks failed with status ${status}: .*db\\.internal`), name);
  }
});

test('node:http: a path outside the mount is a 404, or goes to `next`', async (t) => {
  const webhooks = await openWebhooks(t);
  const paths = {
    '/api/webhooks/webhooks': 200, '/api/webhooks': 404, '/': 404, '/api/webhooksx/webhooks': 404, '/api': 404,
  };
  for (const mount of [MOUNT, `${MOUNT}/`]) {
    const middleware = webhooks.middleware({ caller, mount });
    const get = await openGetter(t, (request, response) => middleware(request, response));
    for (const [path, status] of Object.entries(paths)) {
      const response = await get(path);
      const type = `application/${status === 200 ? '' : 'problem+'}json`;
      assert.deepEqual([response.status, response.headers.get('content-type')], [status, type], path);
    }
    const getOrNext = await openGetter(t, (request, response) => middleware(request, response, () => response.end('next')));
    assert.equal(await (await getOrNext('/api/webhooksx/webhooks')).text(), 'next');
    assert.equal((await getOrNext('/api/webhooks/webhooks?limit=1')).status, 200);
  }
});

test('node:http: a response that `caller` has begun is cut off, and logged', async (t) => {
  const logged = [];
  const webhooks = await openWebhooks(t, { log: (level, message) => logged.push(message) });
  const begin = (response) => response.writeHead(200, { 'content-length': 10 }).write('x');
  const callers = {
    '/begins/': (request) => {
      begin(request.response);
      return caller(request);
    },
    '/begins-and-throws/': (request) => {
      begin(request.response);
      throw new Error('a bug');
    },
    '/throws/': () => { throw new Error('a bug'); },
  };
  const middleware = webhooks.middleware({ caller: (request) => callers[/^\/[^/]+\//.exec(request.url)[0]](request) });
  const get = await openGetter(t, (request, response) => middleware(Object.assign(request, { response }), response));
  await assert.rejects(async () => (await get('/begins/webhooks')).text());
  await assert.rejects(async () => (await get('/begins-and-throws/webhooks')).text());
  assert.equal((await get('/throws/webhooks')).status, 500);
  assert.equal(logged.length, 3);
});
