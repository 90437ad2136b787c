// The way to a receiver under an egress policy: its name is looked up once, each address is judged, and the connection
// goes to a permitted one, directly or through the proxy. TLS and HTTP are left to the client.

import { ADDRESSES_MAX } from '../support/limits.js';
import { connectToAny, resolve } from './connect.js';
import { permits } from './egress.js';
import { Failure } from './failure.js';
import { openTunnel } from './proxy.js';

/**
 * Returns a connection to a host that the rules permit.
 * @param {{ rules: object, network: object, proxy?: object }} way
 */
export async function dial({ rules, network, proxy }, hostname, port, signal) {
  let found;
  try {
    found = await resolve(network, hostname, signal);
  } catch (error) {
    throw new Failure('dns', `the name does not resolve: ${error.code ?? error.message}`);
  }
  const permitted = found.filter((address) => permits(rules, address));
  if (permitted.length === 0) {
    throw new Failure('destination-prohibited', 'the egress policy leaves no address to connect to');
  }
  if (proxy === undefined) {
    try {
      return await connectToAny(network, permitted, port, signal);
    } catch (error) {
      throw new Failure('connect', `no connection: ${error.message}`);
    }
  }
  let lastError;
  for (const address of permitted.slice(0, ADDRESSES_MAX)) {
    try {
      return await openTunnel({ network, proxy }, address, port, signal);
    } catch (error) {
      lastError = error;
    }
  }
  throw new Failure('connect', `no connection through the proxy: ${lastError.message}`);
}
