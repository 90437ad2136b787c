// The outbound proxy: every connection, for `http` as for `https`, is a tunnel to an address that was permitted. The proxy
// resolves no name and sees no request of an `https` webhook.

import { refuse } from '../input.js';
import { PROXY_ANSWER_BYTES_MAX } from '../limits.js';
import { addresses, race } from './dial.js';

const HINT = 'write http://host:port, or http://user:password@host:port';

/** Reads `http://user:password@host:port`. No error quotes it: it may hold a password. */
export function parseProxy(text) {
  if (!URL.canParse(text)) {
    refuse('egress.proxy', 'is no URL', HINT);
  }
  const url = new URL(text);
  if (url.protocol !== 'http:') {
    refuse('egress.proxy', 'does not begin with http://, and no other proxies are known', HINT);
  }
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    refuse('egress.proxy', 'has something after the port', HINT);
  }
  const credentials = [url.username, url.password].map(decodeURIComponent).join(':');
  const authorization = credentials === ':'
    ? ''
    : `Proxy-Authorization: Basic ${Buffer.from(credentials).toString('base64')}\r\n`;
  return { hostname: url.hostname, port: Number(url.port || 80), authorization };
}

/** A connection to the address, as good as a direct one. The error is one sentence for the log. */
export async function tunnel({ network, proxy }, address, port, signal) {
  const socket = await race(network, await addresses(network, proxy.hostname, signal), proxy.port, signal);
  try {
    const to = `${address.includes(':') ? `[${address}]` : address}:${port}`;
    socket.write(`CONNECT ${to} HTTP/1.1\r\nHost: ${to}\r\n${proxy.authorization}\r\n`);
    const status = await answer(socket, signal);
    if (status >= 200 && status <= 299) {
      return socket;
    }
    throw new Error(status === 407
      ? 'it answered 407: it wants other credentials'
      : `it answered ${status} when it was asked for ${to}`);
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

// The status of a proxy's answer, read up to the end of its head and not beyond.
function answer(socket, signal) {
  return new Promise((resolve, reject) => {
    let head = Buffer.alloc(0);
    const done = (finish, value) => {
      socket.off('data', onData).off('error', onError).off('end', onEnd);
      signal?.removeEventListener('abort', onAbort);
      socket.pause();
      finish(value);
    };
    const fail = (text) => done(reject, new Error(text));
    const onError = (error) => fail(error.message);
    const onEnd = () => fail('it closed the connection');
    const onAbort = () => fail('it did not answer in time');
    const onData = (piece) => {
      head = Buffer.concat([head, piece]);
      const end = head.indexOf('\r\n\r\n');
      if (end < 0) {
        if (head.length >= PROXY_ANSWER_BYTES_MAX) {
          fail('its answer is too long');
        }
        return;
      }
      const [, status] = /^HTTP\/1\..([0-9]{3})/.exec(head.toString('latin1').replace(/^(HTTP\/1\..) /, '$1')) ?? [];
      if (status === undefined) {
        fail('it does not speak HTTP/1');
      } else if (status.startsWith('2') && end + 4 < head.length) {
        // Inside a tunnel it is for the client to begin, with TLS as with HTTP.
        fail('it sent more than its answer');
      } else {
        done(resolve, Number(status));
      }
    };
    socket.on('data', onData).on('error', onError).on('end', onEnd);
    signal?.addEventListener('abort', onAbort, { once: true });
    if (signal?.aborted) {
      onAbort();
    }
  });
}
