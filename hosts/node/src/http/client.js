// The HTTP client. It makes requests under the egress policy that comes with each. The component decides what is sent,
// when, and how many requests are in flight.

import { CONNECT_MS_MAX, ROUTES_MAX } from '../support/limits.js';
import { READABLE_ENCODINGS } from './body.js';
import { dial } from './dial.js';
import { parseRules } from './egress.js';
import { Exchange } from './exchange.js';
import { Failure, failureOf } from './failure.js';
import { Lookups } from './lookups.js';
import { system } from './network.js';
import { parseProxy } from './proxy.js';
import { Route } from './route.js';
import { Tls } from './tls.js';
import { Wire } from './wire.js';

/** A client and its connections. The instances of a thread share it. */
export class HttpClient {
  #network;
  #proxy;
  #tls;
  #connectMsMax;
  #keepsAlive;
  // The route of each policy, the oldest first.
  #routes = new Map();

  /**
   * Without `keepsAlive`, a process with nothing else to do does not wait for the requests.
   * @param {{ ca?: string | string[], proxy?: string, network?: object, connectMsMax?: number,
   *   keepsAlive?: boolean }} options
   */
  constructor({ ca, proxy, network = system, connectMsMax = CONNECT_MS_MAX, keepsAlive = true } = {}) {
    const lookups = new Lookups(network);
    this.#network = {
      lookup: (name, signal) => lookups.lookup(name, signal),
      dial: (address, port, signal) => network.dial(address, port, signal, { keepsAlive }),
    };
    this.#proxy = proxy === undefined ? undefined : parseProxy(proxy);
    this.#tls = new Tls(ca);
    this.#connectMsMax = connectMsMax;
    this.#keepsAlive = keepsAlive;
  }

  /** Sends a request. `done` gets its outcome. Returns a function that aborts the request. */
  send(request, done) {
    const exchange = new Exchange(request, done, this.#keepsAlive);
    try {
      const { origin, path } = target(request.url);
      const { method } = request;
      const sent = { origin, path, method, headers: flat(request.headers), body: bodyOf(request) };
      this.#route(request.egress).send(sent, exchange);
    } catch (error) {
      exchange.fail(failureOf(error));
    }
    return () => exchange.abort();
  }

  /** Closes every connection. */
  async close() {
    const routes = [...this.#routes.values()];
    this.#routes.clear();
    await Promise.all(routes.map((route) => route.destroy()));
  }

  #route(policy) {
    const key = `${policy.allow.join()}|${policy.deny.join()}`;
    const known = this.#routes.get(key);
    if (known !== undefined) {
      return known;
    }
    const rules = rulesOf(policy);
    const route = new Route((options, protocol) => this.#connect(rules, options, protocol));
    if (this.#routes.size >= ROUTES_MAX) {
      const [[oldestKey, oldest]] = this.#routes;
      this.#routes.delete(oldestKey);
      oldest.close();
    }
    this.#routes.set(key, route);
    return route;
  }

  async #connect(rules, { hostname, protocol: scheme, port }, protocol) {
    const signal = AbortSignal.timeout(this.#connectMsMax);
    const isSecure = scheme === 'https:';
    const toPort = Number(port || (isSecure ? 443 : 80));
    const way = { rules, network: this.#network, proxy: this.#proxy };
    const socket = await dial(way, hostname, toPort, signal);
    const connection = isSecure ? await this.#secure(socket, { hostname, port: toPort, protocol }, signal) : new Wire(socket);
    return this.#keepsAlive ? connection : released(connection);
  }

  async #secure(socket, receiver, signal) {
    const secured = await this.#tls.secure(socket, receiver, signal);
    // Node's own HTTP/2 reads the socket below the stream.
    return secured.alpnProtocol === 'h2' ? secured : new Wire(secured, Tls.explain(receiver.hostname));
  }
}

// undici makes a connection keep the process alive while a request runs on it.
function released(connection) {
  connection.ref = () => connection;
  return connection.unref();
}

function rulesOf(policy) {
  try {
    return parseRules(policy);
  } catch (error) {
    throw new Failure('invalid-request', `the egress policy: ${error.message}`);
  }
}

// Returns the URL in its normal form: `http://0x7f.1` becomes `http://127.0.0.1/`. The address check and the connection
// read the same form.
function target(text) {
  const refused = (reason) => new Failure('invalid-request', `the URL ${reason}`);
  if (!URL.canParse(text)) {
    throw refused('is not valid');
  }
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw refused('is neither `http` nor `https`');
  }
  if (url.username !== '' || url.password !== '') {
    throw refused('holds credentials');
  }
  if (url.port === '0') {
    throw refused('has port 0');
  }
  return { origin: url.origin, path: url.pathname + url.search };
}

// undici takes names and values in turn. The client adds the encodings that it can read.
function flat(headers) {
  const taken = headers.flatMap(({ name, value }) => [name, value]);
  const namesEncodings = headers.some(({ name }) => name.toLowerCase() === 'accept-encoding');
  return namesEncodings ? taken : [...taken, 'Accept-Encoding', READABLE_ENCODINGS];
}

function bodyOf({ body }) {
  switch (body?.tag) {
    case 'text': return body.val;
    case 'base64': return Buffer.from(body.val, 'base64');
    default: return null;
  }
}
