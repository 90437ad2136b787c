// Connections to one of several addresses. It does not judge the addresses: the callers pass those that are permitted.

import { ADDRESSES_MAX, DIAL_STAGGER_MS } from '../support/limits.js';
import { clearTimeout, setTimeout } from '../support/timers.js';
import { parseAddress } from './egress.js';

/**
 * Returns the addresses of a URL's host, at least one: the host itself if it is an address, otherwise those of its
 * name.
 */
export async function resolve(network, hostname, signal) {
  const literal = hostname.replace(/^\[|\]$/g, '');
  if (parseAddress(literal) !== undefined) {
    return [literal];
  }
  const found = await network.lookup(hostname, signal);
  if (found.length === 0) {
    throw new Error('the name has no address');
  }
  return found;
}

/** Returns the first connection that succeeds. The next address is tried when the one before fails or is slow. */
export function connectToAny(network, addresses, port, signal) {
  if (addresses.length === 1) {
    return network.dial(addresses[0], port, signal);
  }
  return new Race(network, alternating(addresses).slice(0, ADDRESSES_MAX), port).run(signal);
}

// Attempts to connect to several addresses, each started a while after the one before.
class Race {
  #network;
  #remaining;
  #port;
  #running = 0;
  #over = false;
  #stagger = null;
  // Aborts the attempts that have not won.
  #losers = new AbortController();
  #outcome = Promise.withResolvers();

  constructor(network, addresses, port) {
    this.#network = network;
    this.#remaining = addresses;
    this.#port = port;
  }

  run(signal) {
    const losers = this.#losers;
    if (signal?.aborted) {
      losers.abort();
    }
    signal?.addEventListener('abort', () => losers.abort(), { once: true, signal: losers.signal });
    this.#dialNext();
    return this.#outcome.promise;
  }

  #dialNext() {
    clearTimeout(this.#stagger);
    this.#running += 1;
    this.#network.dial(this.#remaining.shift(), this.#port, this.#losers.signal)
      .then((socket) => this.#connected(socket), (error) => this.#failed(error));
    if (this.#remaining.length > 0) {
      this.#stagger = setTimeout(() => this.#dialNext(), DIAL_STAGGER_MS);
    }
  }

  #connected(socket) {
    if (this.#over) {
      socket.destroy();
      return;
    }
    this.#end();
    this.#outcome.resolve(socket);
    this.#losers.abort();
  }

  #failed(error) {
    this.#running -= 1;
    if (this.#over) {
      return;
    }
    if (this.#remaining.length > 0) {
      this.#dialNext();
    } else if (this.#running === 0) {
      this.#end();
      this.#outcome.reject(error);
      this.#losers.abort();
    }
  }

  #end() {
    this.#over = true;
    clearTimeout(this.#stagger);
  }
}

// The address families in turn, so that a family without a route costs little time (RFC 8305, section 4).
function alternating(addresses) {
  const isIpv6 = (address) => address.includes(':');
  const first = addresses.filter((address) => isIpv6(address) === isIpv6(addresses[0]));
  const second = addresses.filter((address) => isIpv6(address) !== isIpv6(addresses[0]));
  const ordered = first.flatMap((address) => [address, ...second.splice(0, 1)]);
  return [...ordered, ...second];
}
