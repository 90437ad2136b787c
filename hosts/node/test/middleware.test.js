// The management API in other people's servers: each must give the same answers.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { test } from 'node:test';
import express from 'express';
import Fastify from 'fastify';
import { openHooks } from './support/hooks.js';

function caller(request) {
  const [, tenant] = /^Bearer (\w+)$/.exec(request.headers.authorization ?? '') ?? [];
  return tenant && { tenant, user: 'u1', permissions: request.headers['x-read-only'] ? [] : ['manage:webhook'] };
}

const SERVERS = {
  async express(hooks) {
    const app = express();
    app.use('/api/webhooks', hooks.middleware({ caller }));
    return app.listen(0, '127.0.0.1');
  },
  async 'express, where bodies are parsed before'(hooks) {
    const app = express().set('env', 'test');
    app.use(express.json());
    app.use('/api/webhooks', hooks.middleware({ caller }));
    return app.listen(0, '127.0.0.1');
  },
  async 'node:http'(hooks) {
    return http.createServer(hooks.middleware({ caller, mount: '/api/webhooks' })).listen(0, '127.0.0.1');
  },
  async fastify(hooks) {
    const app = Fastify();
    app.register(hooks.fastify({ caller }), { prefix: '/api/webhooks' });
    await app.listen({ port: 0, host: '127.0.0.1' });
    return app.server;
  },
  async 'fastify, with a parameter in the prefix'(hooks) {
    const app = Fastify();
    app.setErrorHandler((error, _, reply) => reply.code(503).send('the application has it'));
    app.register(hooks.fastify({ caller }), { prefix: '/:area/webhooks' });
    await app.listen({ port: 0, host: '127.0.0.1' });
    return app.server;
  },
};

async function serving(t, listener) {
  const server = http.createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const base = `http://127.0.0.1:${server.address().port}`;
  return (path) => fetch(base + path, { headers: { authorization: 'Bearer acme' }, signal: AbortSignal.timeout(10_000) });
}

test('node:http: what is mounted answers below its mount, and for the rest nobody or the next', async (t) => {
  const hooks = await openHooks(t);
  for (const mount of ['/api/webhooks', '/api/webhooks/']) {
    const alone = hooks.middleware({ caller, mount });
    const ask = await serving(t, (request, response) => alone(request, response));
    for (const [path, status] of [
      ['/api/webhooks/webhooks', 200], ['/api/webhooks', 404], ['/', 404], ['/api/webhooksx/webhooks', 404], ['/api', 404],
    ]) {
      const response = await ask(path);
      assert.deepEqual([response.status, response.headers.get('content-type')],
        [status, `application/${status === 200 ? '' : 'problem+'}json`], path);
    }
    const followed = await serving(t, (request, response) => alone(request, response, () => response.end('next')));
    assert.equal(await (await followed('/api/webhooksx/webhooks')).text(), 'next');
    assert.equal((await followed('/api/webhooks/webhooks?limit=1')).status, 200);
  }
});

test('node:http: an answer that somebody has begun is cut off, and the process goes on', async (t) => {
  const logged = [];
  const hooks = await openHooks(t, { world: { log: (level, message) => logged.push(message) } });
  const begin = (response) => response.writeHead(200, { 'content-length': 10 }).write('x');
  const callers = {
    '/a/': (request) => {
      begin(request.response);
      return caller(request);
    },
    '/b/': (request) => {
      begin(request.response);
      throw new Error('a bug');
    },
    '/c/': () => { throw new Error('a bug'); },
  };
  const answering = hooks.middleware({ caller: (request) => callers[request.url.slice(0, 3)](request) });
  const ask = await serving(t, (request, response) => answering(Object.assign(request, { response }), response));
  await assert.rejects(async () => (await ask('/a/webhooks')).text());
  await assert.rejects(async () => (await ask('/b/webhooks')).text());
  assert.equal((await ask('/c/webhooks')).status, 500);
  assert.equal(logged.length, 3);
});

for (const [name, serve] of Object.entries(SERVERS)) {
  test(name, async (t) => {
    const hooks = await openHooks(t);
    const server = await serve(hooks);
    if (!server.listening) {
      await once(server, 'listening');
    }
    t.after(() => {
      server.close();
      server.closeAllConnections();
    });
    const ask = async (method, path, { body, token = 'acme', headers = {} } = {}) => {
      const response = await fetch(`http://127.0.0.1:${server.address().port}/api/webhooks${path}`, {
        method,
        body: body && JSON.stringify(body),
        headers: { ...(token && { authorization: `Bearer ${token}` }), ...(body && { 'content-type': 'application/json' }), ...headers },
      });
      const text = await response.text();
      const [type] = (response.headers.get('content-type') ?? '').split(';');
      return { status: response.status, type, body: type.endsWith('json') ? JSON.parse(text) : text };
    };
    const registration = { name: 'Café', url: 'https://hooks.example.com/in', events: ['invoice.*'] };
    const made = await ask('POST', '/webhooks', { body: registration });
    assert.equal(made.status, 201, JSON.stringify(made));
    assert.equal(made.body.name, 'Café');
    assert.match(made.body.secret, /^whsec_/);
    assert.equal((await ask('GET', `/webhooks/${made.body.id}`)).body.secret, undefined);
    assert.equal((await ask('GET', '/webhooks?limit=1')).body.data.length, 1);
    // Another tenant sees nothing of it.
    assert.equal((await ask('GET', `/webhooks/${made.body.id}`, { token: 'other' })).status, 404);
    const refused = await ask('POST', '/webhooks', { body: { ...registration, url: 'ftp://x' } });
    assert.deepEqual([refused.status, refused.body.field, refused.type], [422, 'url', 'application/problem+json']);
    assert.equal((await ask('GET', '/webhooks', { token: null })).status, 401);
    const forbidden = await ask('DELETE', `/webhooks/${made.body.id}`, { headers: { 'x-read-only': '1' } });
    assert.equal(forbidden.status, 403);
    assert.equal((await ask('DELETE', `/webhooks/${made.body.id}`)).status, 204);
    assert.equal((await ask('GET', '/nowhere')).status, 404);
    const large = await ask('POST', '/webhooks', { body: { ...registration, name: 'x'.repeat(1_100_000) } });
    // Where bodies are parsed before, that is what refuses it.
    assert.deepEqual([large.status, large.type], [413, name.includes('parsed') ? 'text/html' : 'application/problem+json']);
  });
}
