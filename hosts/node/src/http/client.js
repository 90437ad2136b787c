// The HTTP client. It makes requests under the egress policy that comes with each. The component decides what is sent,
// when, and how many requests are in flight.

import { Agent } from 'undici';
import { CONNECT_MS_MAX, IDLE_CONNECTION_MS_MAX, RESPONSE_HEAD_BYTES_MAX, ROUTES_MAX } from '../support/limits.js';
import { dial } from './dial.js';
import { parseRules } from './egress.js';
import { Exchange } from './exchange.js';
import { Failure, failureOf } from './failure.js';
import { withoutContinue } from './interim.js';
import { Lookups } from './lookups.js';
import { system } from './network.js';
import { parseProxy } from './proxy.js';
import { Tls } from './tls.js';

/** A client and its connections. The instances of a thread share it. */
export class HttpClient {
  #network;
  #proxy;
  #tls;
  #connectMsMax;
  #keepsAlive;
  // The agent of each policy, the oldest first. A kept connection serves requests of its own policy only.
  #agents = new Map();

  /**
   * Without `keepsAlive`, a process with nothing else to do does not wait for the requests.
   * @param {{ ca?: string | string[], proxy?: string, network?: object, connectMsMax?: number, keepsAlive?: boolean }} options
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
      const agent = this.#agent(request.egress);
      const { method } = request;
      agent.dispatch({ origin, path, method, headers: flat(request.headers), body: bodyOf(request) }, exchange);
    } catch (error) {
      exchange.fail(failureOf(error));
    }
    return () => exchange.abort();
  }

  /** Closes every connection. */
  async close() {
    const agents = [...this.#agents.values()];
    this.#agents.clear();
    await Promise.all(agents.map((agent) => agent.destroy()));
  }

  #agent(policy) {
    const key = `${policy.allow.join()}|${policy.deny.join()}`;
    const known = this.#agents.get(key);
    if (known !== undefined) {
      return known;
    }
    const agent = this.#makeAgent(rulesOf(policy));
    if (this.#agents.size >= ROUTES_MAX) {
      const [[oldestKey, oldest]] = this.#agents;
      this.#agents.delete(oldestKey);
      oldest.close();
    }
    this.#agents.set(key, agent);
    return agent;
  }

  #makeAgent(rules) {
    return new Agent({
      connect: (options, callback) => {
        this.#connect(rules, options).then((socket) => callback(null, socket), (error) => callback(error, null));
      },
      allowH2: false,
      pipelining: 1,
      // The component bounds the number of requests, and each request has its own timeout.
      connections: null,
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: IDLE_CONNECTION_MS_MAX,
      keepAliveMaxTimeout: IDLE_CONNECTION_MS_MAX,
      maxHeaderSize: RESPONSE_HEAD_BYTES_MAX,
      maxResponseSize: -1,
    });
  }

  async #connect(rules, { hostname, protocol, port }) {
    const signal = AbortSignal.timeout(this.#connectMsMax);
    const isSecure = protocol === 'https:';
    const toPort = Number(port || (isSecure ? 443 : 80));
    const way = { rules, network: this.#network, proxy: this.#proxy };
    const socket = await dial(way, hostname, toPort, signal);
    const connection = isSecure ? await this.#tls.secure(socket, hostname, toPort, signal) : socket;
    return withoutContinue(this.#keepsAlive ? connection : released(connection));
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

// undici takes names and values in turn.
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
