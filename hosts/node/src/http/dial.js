// Where a connection goes: a name is looked up once, every address is judged, and one of those permitted is connected to,
// directly or through the proxy. Nothing is decided about what is said on the connection.

import { ADDRESSES_MAX, STAGGER_MS } from '../limits.js';
import { parseAddress, permits } from './egress.js';
import { Failure } from './failure.js';
import { tunnel } from './proxy.js';

/** A connection under a policy. `way` has the network, and the proxy if there is one. */
export async function dial(rules, way, hostname, port, signal) {
  let found;
  try {
    found = await addresses(way.network, hostname, signal);
  } catch (error) {
    throw new Failure('dns', `the name does not resolve: ${error.code ?? error.message}`);
  }
  const permitted = found.filter((address) => permits(rules, address));
  if (permitted.length === 0) {
    throw new Failure('destination-prohibited', 'the egress policy leaves no address to connect to');
  }
  if (way.proxy === undefined) {
    try {
      return await race(way.network, permitted, port, signal);
    } catch (error) {
      throw new Failure('connect', `no connection: ${error.message}`);
    }
  }
  let problem;
  for (const address of permitted.slice(0, ADDRESSES_MAX)) {
    try {
      return await tunnel(way, address, port, signal);
    } catch (error) {
      problem = error;
    }
  }
  throw new Failure('connect', `no connection through the proxy: ${problem.message}`);
}

/** The addresses of a URL's host: itself, or what its name resolves to. At least one. */
export async function addresses(network, hostname, signal) {
  const literal = hostname.replace(/^\[|\]$/g, '');
  if (parseAddress(literal) !== undefined) {
    return [literal];
  }
  const found = await network.lookup(hostname, signal);
  if (found.length === 0) {
    throw new Error('it has no address');
  }
  return found;
}

/** The first connection that any of the addresses gives, each next one started when the one before fails or is slow. */
export function race(network, all, port, signal) {
  if (all.length === 1) {
    return network.dial(all[0], port, signal);
  }
  const left = alternating(all).slice(0, ADDRESSES_MAX);
  return new Promise((resolve, reject) => {
    const losers = new AbortController();
    if (signal?.aborted) {
      losers.abort();
    }
    signal?.addEventListener('abort', () => losers.abort(), { once: true, signal: losers.signal });
    let [running, over, stagger] = [0, false, null];
    const settle = (finish, value) => {
      over = true;
      clearTimeout(stagger);
      finish(value);
      losers.abort();
    };
    const next = () => {
      clearTimeout(stagger);
      const address = left.shift();
      running += 1;
      network.dial(address, port, losers.signal).then((socket) => {
        if (over) {
          socket.destroy();
        } else {
          settle(resolve, socket);
        }
      }, (error) => {
        running -= 1;
        if (!over && left.length > 0) {
          next();
        } else if (!over && running === 0) {
          settle(reject, error);
        }
      });
      if (!over && left.length > 0) {
        stagger = setTimeout(next, STAGGER_MS);
      }
    };
    next();
  });
}

// The families in turn, so that one that does not work costs little (RFC 8305, section 4).
function alternating(all) {
  const isSix = (address) => address.includes(':');
  const first = all.filter((address) => isSix(address) === isSix(all[0]));
  const second = all.filter((address) => isSix(address) !== isSix(all[0]));
  const ordered = first.flatMap((address) => [address, ...second.splice(0, 1)]);
  return [...ordered, ...second];
}
