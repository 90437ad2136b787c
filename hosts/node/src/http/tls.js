// TLS over a connection that was permitted. Sessions are resumed.

import tls from 'node:tls';
import { TLS_SESSIONS_MAX } from '../support/limits.js';
import { Failure } from './failure.js';

/** Makes TLS sessions. It trusts the default certificates and those of `ca`. */
export class Tls {
  #ca;
  // The last session by host and port.
  #sessions = new Map();

  /** @param {string | string[] | undefined} ca certificates in PEM */
  constructor(ca) {
    this.#ca = ca === undefined ? undefined : [...tls.getCACertificates('default'), ...[ca].flat()];
  }

  /** Returns a TLS connection to the host over the socket. The signal ends the handshake. */
  secure(socket, hostname, port, signal) {
    return new Promise((resolve, reject) => {
      const secured = this.#start(socket, hostname, port);
      const onAbort = () => secured.destroy(new Error('the handshake did not end in time'));
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
      secured.once('secureConnect', () => {
        signal.removeEventListener('abort', onAbort);
        secured.off('error', onError);
        resolve(secured);
      });
    });
  }

  #start(socket, hostname, port) {
    const host = hostname.replace(/^\[|\]$/g, '');
    const key = `${host}:${port}`;
    const secured = tls.connect({
      socket,
      host,
      // An address is no server name (RFC 6066, section 3). The certificate is checked against it nevertheless.
      servername: /^[0-9.]+$|:/.test(host) ? '' : host,
      ca: this.#ca,
      ALPNProtocols: ['http/1.1'],
      minVersion: 'TLSv1.2',
      session: this.#sessions.get(key),
    });
    secured.on('session', (session) => {
      if (this.#sessions.size >= TLS_SESSIONS_MAX) {
        this.#sessions.clear();
      }
      this.#sessions.set(key, session);
    });
    return secured;
  }
}
