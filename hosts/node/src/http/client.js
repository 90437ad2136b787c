// The HTTP client: it decides how a request travels and enforces the policy that comes with each. Whether, when and what
// to send is left to the engine, and so is how many requests are in flight.

import tls from 'node:tls';
import { Agent } from 'undici';
import {
  CONNECT_MS_MAX, IDLE_CONNECTION_MS_MAX, RESPONSE_HEADERS_MAX, RESPONSE_HEAD_BYTES_MAX, ROUTES_MAX, TLS_SESSIONS_MAX,
} from '../limits.js';
import { collector } from './body.js';
import { dial } from './dial.js';
import { parseRules } from './egress.js';
import { Failure, failureOf, refused } from './failure.js';
import { Lookups } from './lookups.js';
import { system } from './network.js';
import { parseProxy } from './proxy.js';

/** A client with its connections, shared by all instances of a thread. */
export class HttpClient {
  #way;
  #ca;
  #connectMsMax;
  #sessions = new Map();
  // By policy, latest used last. A pooled connection belongs to the policy under which it was made.
  #routes = new Map();

  /** @param {{ ca?: string | string[], proxy?: string, network?: object, connectMsMax?: number }} options */
  constructor({ ca, proxy, network, connectMsMax = CONNECT_MS_MAX } = {}) {
    this.#connectMsMax = connectMsMax;
    const below = network ?? system;
    const lookups = new Lookups(below);
    this.#way = {
      network: { lookup: (name, signal) => lookups.lookup(name, signal), dial: (...to) => below.dial(...to) },
      proxy: proxy === undefined ? undefined : parseProxy(proxy),
    };
    this.#ca = ca === undefined ? undefined : [...tls.getCACertificates('default'), ...[ca].flat()];
  }

  /** Makes a request; `done` gets its outcome, once. Answers what gives it up. */
  send(request, done) {
    let exchange;
    try {
      exchange = new Exchange(request, done);
      const { origin, path } = target(request.url);
      const { agent } = this.#route(request.egress);
      const sent = { origin, path, method: request.method, headers: flat(request.headers), body: bodyOf(request) };
      agent.dispatch(sent, exchange);
    } catch (error) {
      exchange.fail(failureOf(error));
    }
    return () => exchange.abandon();
  }

  /** Closes every connection. */
  async close() {
    const agents = [...this.#routes.values()].map(({ agent }) => agent);
    this.#routes.clear();
    await Promise.all(agents.map((agent) => agent.destroy()));
  }

  #route(policy) {
    const key = `${policy.allow.join()}|${policy.deny.join()}`;
    const known = this.#routes.get(key);
    if (known !== undefined) {
      return known;
    }
    let rules;
    try {
      rules = parseRules(policy);
    } catch (error) {
      throw new Failure('invalid-request', `the egress policy: ${error.message}`);
    }
    const agent = new Agent({
      connect: (options, callback) => this.#connect(rules, options, callback),
      allowH2: false,
      pipelining: 1,
      // The engine says how many requests there are; each has its own deadline.
      connections: null,
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: IDLE_CONNECTION_MS_MAX,
      keepAliveMaxTimeout: IDLE_CONNECTION_MS_MAX,
      maxHeaderSize: RESPONSE_HEAD_BYTES_MAX,
      maxResponseSize: -1,
    });
    if (this.#routes.size >= ROUTES_MAX) {
      const [[oldest, route]] = this.#routes;
      this.#routes.delete(oldest);
      route.agent.close();
    }
    const route = { agent };
    this.#routes.set(key, route);
    return route;
  }

  // undici's connector: the socket that it gets is to an address that was judged.
  #connect(rules, { hostname, protocol, port }, callback) {
    const signal = AbortSignal.timeout(this.#connectMsMax);
    const usual = protocol === 'https:' ? 443 : 80;
    dial(rules, this.#way, hostname, Number(port || usual), signal)
      .then((socket) => (protocol === 'https:' ? this.#secure(socket, hostname, Number(port || usual), signal) : socket))
      .then((socket) => callback(null, withoutContinue(socket)), (error) => callback(error, null));
  }

  #secure(socket, hostname, port, signal) {
    return new Promise((resolve, reject) => {
      const name = hostname.replace(/^\[|\]$/g, '');
      const key = `${name}:${port}`;
      const secured = tls.connect({
        socket,
        host: name,
        // Addresses are no server names (RFC 6066, section 3); the certificate is checked for them all the same.
        servername: /^[0-9.]+$|:/.test(name) ? '' : name,
        ca: this.#ca,
        ALPNProtocols: ['http/1.1'],
        minVersion: 'TLSv1.2',
        session: this.#sessions.get(key),
      });
      const onAbort = () => secured.destroy(new Error('nothing answered in time'));
      const onError = (error) => reject(new Failure('tls', `no TLS session: ${error.message}`));
      signal.addEventListener('abort', onAbort, { once: true });
      secured.once('error', onError);
      secured.once('close', () => {
        signal.removeEventListener('abort', onAbort);
        onError(new Error('the connection was closed'));
      });
      if (signal.aborted) {
        onAbort();
      }
      secured.on('session', (session) => {
        if (this.#sessions.size >= TLS_SESSIONS_MAX) {
          this.#sessions.clear();
        }
        this.#sessions.set(key, session);
      });
      secured.once('secureConnect', () => {
        signal.removeEventListener('abort', onAbort);
        secured.off('error', onError);
        resolve(secured);
      });
    });
  }
}

// undici takes a 100 that it has not asked for as a broken connection, and every other interim response as what it is. So a
// receiver's 100 becomes a 102 before undici reads it.
function withoutContinue(socket) {
  const read = socket.read;
  socket.read = function readInterim(size) {
    const piece = read.call(this, size);
    for (let at = 0; piece !== null && isContinue(piece, at);) {
      piece[at + INTERIM_DIGIT] = 0x32;
      const end = piece.indexOf('\r\n\r\n', at);
      at = end < 0 ? piece.length : end + 4;
    }
    return piece;
  };
  return socket;
}

// Where the last digit of the status stands.
const INTERIM_DIGIT = 'HTTP/1.1 10'.length;

function isContinue(bytes, at) {
  return bytes[at + INTERIM_DIGIT] === 0x30 && /^HTTP\/1\.[01] 100$/.test(bytes.latin1Slice(at, at + INTERIM_DIGIT + 1));
}

// One request on its way, as undici's handler: its deadline covers everything, and it ends exactly once.
class Exchange {
  #done;
  #timer;
  #timeoutMs;
  #bytesMax;
  #controller = null;
  #head = null;
  #body = null;

  constructor({ timeoutMs, responseBytesMax }, done) {
    this.#done = done;
    this.#timeoutMs = timeoutMs;
    this.#bytesMax = responseBytesMax;
    this.#timer = setTimeout(() => this.#late(), timeoutMs);
  }

  fail(failure) {
    this.#end(refused(failure));
  }

  abandon() {
    this.#end(null);
    this.#controller?.abort(new Error('given up'));
  }

  onRequestStart(controller) {
    this.#controller = controller;
    if (this.#done === null) {
      controller.abort(new Error('given up'));
    }
  }

  onResponseStart(controller, status) {
    if (status < 200) {
      return;
    }
    const raw = controller.rawHeaders ?? [];
    const headers = [];
    let encoding;
    for (let at = 0; at + 1 < raw.length; at += 2) {
      const name = String(raw[at]).toLowerCase();
      const value = Buffer.from(raw[at + 1]).toString('utf8');
      encoding = name === 'content-encoding' ? value : encoding;
      if (headers.length < RESPONSE_HEADERS_MAX) {
        headers.push({ name, value });
      }
    }
    this.#head = { status, headers };
    this.#body = collector(encoding, this.#bytesMax);
  }

  onResponseData(controller, piece) {
    // Reads until the end or the limit. What is left unread closes the connection.
    if (this.#done !== null && !this.#body.push(piece)) {
      this.#respond();
      controller.abort(new Error('the limit is reached'));
    }
  }

  onResponseEnd() {
    this.#respond();
  }

  onResponseError(_, error) {
    this.fail(this.#head === null ? failureOf(error) : new Failure('protocol', `the response broke off: ${error.message}`));
  }

  #late() {
    const what = this.#head === null ? 'no response' : 'the response did not end';
    this.fail(new Failure('timeout', `${what} within ${this.#timeoutMs} ms`));
    this.#controller?.abort(new Error('too late'));
  }

  #respond() {
    const head = this.#head;
    const finished = this.#body.finish();
    const answer = ({ body, truncated }) => this.#end({ tag: 'ok', val: { ...head, body, truncated } });
    if (finished instanceof Promise) {
      finished.then(answer);
    } else {
      answer(finished);
    }
  }

  #end(outcome) {
    const done = this.#done;
    if (done !== null) {
      this.#done = null;
      clearTimeout(this.#timer);
      if (outcome !== null) {
        done(outcome);
      }
    }
  }
}

// The URL in the one spelling that the address check and the connection both read: `http://0x7f.1` has become
// `http://127.0.0.1/` before either sees it.
function target(text) {
  const refuse = (why) => new Failure('invalid-request', `the URL ${why}`);
  if (!URL.canParse(text)) {
    throw refuse('is not valid');
  }
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw refuse('is neither `http` nor `https`');
  }
  if (url.username !== '' || url.password !== '') {
    throw refuse('holds credentials');
  }
  if (url.port === '0') {
    throw refuse('has port 0');
  }
  return { origin: url.origin, path: url.pathname + url.search };
}

function flat(headers) {
  return headers.flatMap(({ name, value }) => [name, value]);
}

function bodyOf({ body }) {
  switch (body?.tag) {
    case 'text': return body.val;
    case 'base64': return Buffer.from(body.val, 'base64');
    default: return null;
  }
}
