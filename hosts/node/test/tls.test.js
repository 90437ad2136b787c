// TLS: the cases of `tests/data/tls`, which the Rust host runs as well, and the version of HTTP.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http2 from 'node:http2';
import https from 'node:https';
import { test } from 'node:test';
import { HttpClient } from '../src/http/client.js';
import { system } from '../src/http/network.js';
import { exchange, request } from './support/client.js';
import { listen, stopListening } from './support/network.js';

const DATA = new URL('../../../tests/data/tls/', import.meta.url);
const { cases: CASES } = JSON.parse(readFileSync(new URL('cases.json', DATA), 'utf8'));
// A file has a certificate and its key.
const pem = (name) => readFileSync(new URL(`${name}.pem`, DATA), 'utf8');
const DEBUGGER = /Other\(|Error\(|::|ERR_|SSL routines|\{/;

// Returns a network in which every host is this port of the loopback interface.
function leadingTo(port) {
  return { lookup: async () => ['127.0.0.1'], dial: (_, __, signal) => system.dial('127.0.0.1', port, signal) };
}

function openClient(t, options) {
  const client = new HttpClient(options);
  t.after(() => client.close());
  return client;
}

// Returns the port of a receiver with this certificate, its chain and the terms of its sessions.
async function openTls(t, { chain, clientCertificate, ...terms }) {
  const options = {
    key: pem(chain[0]),
    cert: chain.map(pem).join('\n'),
    ca: pem('authority'),
    requestCert: clientCertificate !== undefined,
    rejectUnauthorized: clientCertificate === 'required',
    ...terms,
  };
  const server = https.createServer(options, (_, response) => response.end('over TLS'));
  return listening(t, server);
}

async function listening(t, server) {
  const sessions = new Set();
  server.on('session', (session) => sessions.add(session.on('close', () => sessions.delete(session))));
  server.on('error', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    sessions.forEach((session) => session.destroy());
    server.closeAllConnections?.();
  });
  return server.address().port;
}

// Returns the port of a receiver that speaks no TLS.
async function openRaw(t, { answers, resets }) {
  const listener = await listen(async (socket) => {
    socket.on('error', () => {});
    await once(socket, 'data');
    if (resets) {
      socket.resetAndDestroy();
    } else {
      socket.end(Buffer.from(answers, 'base64'));
    }
  });
  t.after(() => stopListening(listener));
  return listener.address().port;
}

async function check(t, { name, trusted, host, status, detail }, port, what) {
  const client = openClient(t, { ca: trusted.map(pem), network: leadingTo(port) });
  const { tag, val } = await exchange(client, request(`https://${host}:${port}/`));
  const found = tag === 'ok' ? { status: val.status } : val;
  const expected = status === undefined ? { kind: 'tls', detail } : { status };
  assert.deepEqual(found, expected, `${name}, ${what}`);
  assert.doesNotMatch(found.detail ?? '', DEBUGGER, name);
}

test('a certificate and a session are judged as in the cases', async (t) => {
  assert.ok(CASES.length > 45);
  const wrong = [];
  for (const one of CASES) {
    const versions = one.receiver.chain === undefined ? ['no TLS'] : ['TLSv1.2', 'TLSv1.3'];
    for (const version of versions) {
      const port = one.receiver.chain === undefined
        ? await openRaw(t, one.receiver)
        : await openTls(t, { ...one.receiver, minVersion: version, maxVersion: version });
      await check(t, one, port, version).catch((error) => wrong.push(error.message));
    }
  }
  assert.deepEqual(wrong, []);
});

test('verification cannot be switched off by the environment', async (t) => {
  const before = process.env.NODE_TLS_REJECT_UNAUTHORIZED;
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
  t.after(() => {
    delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
    Object.assign(process.env, before === undefined ? {} : { NODE_TLS_REJECT_UNAUTHORIZED: before });
  });
  const port = await openTls(t, { chain: ['self-signed'] });
  for (const [ca, host] of [[undefined, 'localhost'], [pem('authority'), 'localhost'], [pem('self-signed'), 'other.example']]) {
    const client = openClient(t, { ca, network: leadingTo(port) });
    const { val } = await exchange(client, request(`https://${host}:${port}/`));
    assert.equal(val.kind, 'tls', `${host}: ${JSON.stringify(val)}`);
  }
});

test('a text without certificates is refused', () => {
  const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
  for (const [ca, field, says] of [
    ['', 'egress.ca', /has no certificate/],
    ['hello', 'egress.ca', /has no certificate/],
    [broken, 'egress.ca', /cannot be read: number 1/],
    [[pem('authority'), pem('self-signed') + broken], 'egress.ca[1]', /cannot be read: number 2/],
    [[pem('authority'), 7], 'egress.ca[1]', /is not a text/],
  ]) {
    assert.throws(() => new HttpClient({ ca }), (error) => error.field === field && says.test(error.message), field);
  }
});

test('a session is resumed, and the certificates are read once', async (t) => {
  let resumed = 0;
  const options = { key: pem('issued'), cert: pem('issued') };
  const port = await listening(t, https.createServer(options, (received, response) => {
    resumed += received.socket.isSessionReused() ? 1 : 0;
    response.setHeader('connection', 'close').end();
  }));
  const client = openClient(t, { ca: pem('authority'), network: leadingTo(port) });
  for (let n = 0; n < 5; n += 1) {
    assert.equal((await exchange(client, request(`https://localhost:${port}/`))).val.status, 200);
  }
  assert.equal(resumed, 4);
});

// Returns a receiver over HTTP/2, which accepts HTTP/1.1 as well if `allowHTTP1`. After `askForHttp1` it resets requests
// over HTTP/2 with `HTTP_1_1_REQUIRED`, or the connection.
async function openHttp2(t, { allowHTTP1, port = 0, how = 'stream' }) {
  const server = http2.createSecureServer({ key: pem('issued'), cert: pem('issued'), allowHTTP1 });
  const receiver = { requests: [], asksForHttp1: false };
  server.on('request', (received, response) => {
    receiver.requests.push(received.httpVersion);
    if (received.httpVersion === '2.0' && receiver.asksForHttp1) {
      if (how === 'stream') {
        received.stream.close(http2.constants.NGHTTP2_HTTP_1_1_REQUIRED);
      } else {
        received.stream.session.goaway(http2.constants.NGHTTP2_HTTP_1_1_REQUIRED, 0);
        received.stream.session.destroy();
      }
      return;
    }
    response.setHeader('X-Many', 'a'.repeat(100));
    response.end(`HTTP/${received.httpVersion}`);
  });
  receiver.port = await listening(t, server, port);
  return receiver;
}

function ask(client, { port }) {
  return exchange(client, request(`https://localhost:${port}/in?a=1`));
}

test('HTTP/1.1 is used unless the receiver accepts only HTTP/2', async (t) => {
  for (const [allowHTTP1, version] of [[true, '1.1'], [false, '2.0']]) {
    const receiver = await openHttp2(t, { allowHTTP1 });
    const client = openClient(t, { ca: pem('authority'), network: leadingTo(receiver.port) });
    for (let n = 0; n < 3; n += 1) {
      const { tag, val } = await ask(client, receiver);
      assert.deepEqual([tag, val.status, val.body], ['ok', 200, `HTTP/${version}`], JSON.stringify(val));
      assert.ok(val.headers.some(({ name, value }) => name === 'x-many' && value.length === 100));
    }
    assert.deepEqual(receiver.requests, Array(3).fill(version));
  }
});

test('many requests at once reach a receiver that accepts only HTTP/2', async (t) => {
  const receiver = await openHttp2(t, { allowHTTP1: false });
  const client = openClient(t, { ca: pem('authority'), network: leadingTo(receiver.port) });
  const results = await Promise.all(Array.from({ length: 50 }, () => ask(client, receiver)));
  assert.deepEqual(results.filter(({ val }) => val.status !== 200), []);
});

test('a receiver that wants HTTP/1.1 for a path gets it', async (t) => {
  const receiver = await openHttp2(t, { allowHTTP1: true });
  receiver.asksForHttp1 = true;
  const client = openClient(t, { ca: pem('authority'), network: leadingTo(receiver.port) });
  assert.equal((await ask(client, receiver)).val.body, 'HTTP/1.1');
  assert.deepEqual(receiver.requests, ['1.1']);
});

test('a receiver that wants HTTP/1.1 and refuses it is explained', async (t) => {
  for (const how of ['stream', 'connection']) {
    const receiver = await openHttp2(t, { allowHTTP1: false, how });
    receiver.asksForHttp1 = true;
    const client = openClient(t, { ca: pem('authority'), network: leadingTo(receiver.port) });
    for (let n = 0; n < 2; n += 1) {
      const { val } = await ask(client, receiver);
      assert.equal(val.kind, 'protocol', `${how}: ${JSON.stringify(val)}`);
      assert.match(val.detail, /asks for HTTP\/1.1, but accepts only HTTP\/2/, how);
    }
  }
});

test('a request over HTTP/2 keeps its timeout and its limits', async (t) => {
  const server = http2.createSecureServer({ key: pem('issued'), cert: pem('issued') });
  server.on('stream', (stream, { ':path': path }) => {
    stream.on('error', () => {});
    if (path === '/silent') {
      return;
    }
    stream.respond({ ':status': 200 });
    stream.end('b'.repeat(100_000));
  });
  const port = await listening(t, server);
  const client = openClient(t, { ca: pem('authority'), network: leadingTo(port) });
  const asked = (path, more) => exchange(client, request(`https://localhost:${port}${path}`, more));
  const large = await asked('/large', { responseBytesMax: 1_000 });
  assert.deepEqual([large.val.body.length, large.val.truncated], [1_000, true]);
  const late = await asked('/silent', { timeoutMs: 200 });
  assert.equal(late.val.kind, 'timeout');
  assert.equal((await asked('/large')).tag, 'ok');
});
