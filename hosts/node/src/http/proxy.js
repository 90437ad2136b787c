// The outbound proxy. Each connection, for `http` and for `https`, is a tunnel to a permitted address. The proxy
// resolves no names, and cannot read the requests of an `https` webhook.

import { refuse } from '../support/input.js';
import { PROXY_RESPONSE_BYTES_MAX } from '../support/limits.js';
import { connectToAny, resolve } from './connect.js';

const HINT = 'write http://host:port, or http://user:password@host:port';
const HEAD_END = '\r\n\r\n';

/** Parses `http://user:password@host:port`. Its errors never quote the text, because it may hold a password. */
export function parseProxy(text) {
  if (!URL.canParse(text)) {
    refuse('egress.proxy', 'is not a URL', HINT);
  }
  const url = new URL(text);
  if (url.protocol !== 'http:') {
    refuse('egress.proxy', 'does not begin with http://', HINT);
  }
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    refuse('egress.proxy', 'has a path, a query or a fragment', HINT);
  }
  const credentials = [url.username, url.password].map(decodeURIComponent).join(':');
  const authorization = credentials === ':'
    ? ''
    : `Proxy-Authorization: Basic ${Buffer.from(credentials).toString('base64')}\r\n`;
  return { hostname: url.hostname, port: Number(url.port || 80), authorization };
}

/** Returns a connection to the address through the proxy. The message of its error is one sentence for the log. */
export async function openTunnel({ network, proxy }, address, port, signal) {
  const addresses = await resolve(network, proxy.hostname, signal);
  const socket = await connectToAny(network, addresses, proxy.port, signal);
  try {
    const target = `${address.includes(':') ? `[${address}]` : address}:${port}`;
    socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n${proxy.authorization}\r\n`);
    const status = statusOf(await readHead(socket, signal));
    if (status >= 200 && status <= 299) {
      return socket;
    }
    throw new Error(status === 407
      ? 'it answered 407: it requires other credentials'
      : `it answered ${status} to a tunnel to ${target}`);
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

// Reads a response up to the end of its head. Returns all bytes that were read.
function readHead(socket, signal) {
  return new Promise((resolve, reject) => {
    let head = Buffer.alloc(0);
    const stop = () => {
      socket.off('data', onData).off('error', onError).off('end', onEnd);
      signal?.removeEventListener('abort', onAbort);
      socket.pause();
    };
    const fail = (message) => {
      stop();
      reject(new Error(message));
    };
    const onError = (error) => fail(error.message);
    const onEnd = () => fail('it closed the connection');
    const onAbort = () => fail('it did not answer in time');
    const onData = (piece) => {
      head = Buffer.concat([head, piece]);
      if (head.includes(HEAD_END)) {
        stop();
        resolve(head);
      } else if (head.length >= PROXY_RESPONSE_BYTES_MAX) {
        fail(`its response has no end after ${PROXY_RESPONSE_BYTES_MAX} bytes`);
      }
    };
    socket.on('data', onData).on('error', onError).on('end', onEnd);
    signal?.addEventListener('abort', onAbort, { once: true });
    if (signal?.aborted) {
      onAbort();
    }
  });
}

function statusOf(head) {
  const [, status] = /^HTTP\/1\.. ?([0-9]{3})/.exec(head.toString('latin1')) ?? [];
  if (status === undefined) {
    throw new Error('it does not speak HTTP/1');
  }
  if (status.startsWith('2') && head.indexOf(HEAD_END) + HEAD_END.length < head.length) {
    // Inside the tunnel the client speaks first, for HTTP as for TLS.
    throw new Error('it sent bytes after its response');
  }
  return Number(status);
}
