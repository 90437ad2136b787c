// TLS over a connection that was permitted. Sessions are resumed. Verification cannot be switched off.

import { X509Certificate } from 'node:crypto';
import tls from 'node:tls';
import { refuse } from '../support/input.js';
import { TLS_SESSIONS_MAX } from '../support/limits.js';
import { hostsOf, listsHosts } from './certificate.js';
import { Failure } from './failure.js';
import { certificateRefused, isOfTls, sessionRefused } from './refusal.js';

const CA_HINT = 'pass the text of a PEM file, which has BEGIN CERTIFICATE lines';
// An alert alone has 7 bytes. The receiver's part of a handshake has many more.
const ALERT_BYTES_MAX = 64;

/** Makes TLS sessions. It trusts the default certificates and those of `ca`. */
export class Tls {
  #ca;
  // Made for the first session. Reading the default certificates takes several milliseconds.
  #context;
  // The last session by host, port and protocol.
  #sessions = new Map();

  /** @param {string | string[] | undefined} ca certificates in PEM */
  constructor(ca) {
    this.#ca = ca === undefined || ca === null ? undefined : readCertificates([ca].flat());
  }

  /**
   * Returns a TLS connection to the host over the socket. The signal ends the handshake.
   * @param {{ hostname: string, port: number, protocol: 'http/1.1' | 'h2' }} receiver
   */
  secure(socket, receiver, signal) {
    return new Promise((resolve, reject) => {
      const host = receiver.hostname.replace(/^\[|\]$/g, '');
      const secured = this.#start(socket, host, receiver);
      let own;
      // Before Node judges the certificate: it drops the connection with the certificate if it refuses it.
      secured.prependOnceListener('secure', () => { own = secured.getPeerCertificate(true); });
      const onAbort = () => secured.destroy(new Failure('tls', 'the TLS handshake did not end in time'));
      const onError = (error) => {
        const received = socket.bytesRead > ALERT_BYTES_MAX;
        reject(error instanceof Failure ? error : explained(error, { own, host, received }));
      };
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

  /** Returns the error that is reported for an error of a session that was made. */
  static explain(hostname) {
    const host = hostname.replace(/^\[|\]$/g, '');
    // In TLS 1.3 a receiver refuses a client without a certificate after the handshake.
    return (error, hasResponse) => (isOfTls(error) ? sessionRefused(error, { host, received: !hasResponse }) : error);
  }

  #start(socket, host, { port, protocol }) {
    this.#context ??= tls.createSecureContext(contextOf(this.#ca));
    const key = `${host}:${port}:${protocol}`;
    const secured = tls.connect({
      socket,
      host,
      // An address is no server name (RFC 6066, section 3). The certificate is checked against it nevertheless.
      servername: /^[0-9.]+$|:/.test(host) ? '' : host,
      secureContext: this.#context,
      // Without it, NODE_TLS_REJECT_UNAUTHORIZED decides.
      rejectUnauthorized: true,
      checkServerIdentity,
      ALPNProtocols: [protocol],
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

function explained(error, { own, host, received }) {
  return own?.raw === undefined || isOfTls(error)
    ? sessionRefused(error, { host, received })
    : certificateRefused(error.code, own, host);
}

function contextOf(ca) {
  const common = { minVersion: 'TLSv1.2' };
  return ca === undefined
    ? common
    // A certificate that is named is accepted from the receiver that presents it, although its issuer may be unknown.
    : { ...common, ca: [...tls.getCACertificates('default'), ...ca], allowPartialTrustChain: true };
}

// A certificate that lists names of other kinds only (an e-mail address) is for no host. Node falls back on its common
// name.
function checkServerIdentity(host, certificate) {
  const isForNoHost = listsHosts(certificate) && hostsOf(certificate).length === 0;
  return isForNoHost
    ? Object.assign(new Error('the certificate names no host'), { code: 'ERR_TLS_CERT_ALTNAME_INVALID' })
    : tls.checkServerIdentity(host, certificate);
}

// Returns the certificates of PEM texts, one by one.
function readCertificates(texts) {
  return texts.flatMap((text, index) => {
    const field = texts.length === 1 ? 'egress.ca' : `egress.ca[${index}]`;
    if (typeof text !== 'string') {
      refuse(field, 'is not a text', CA_HINT);
    }
    const found = text.match(/-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/gs) ?? [];
    if (found.length === 0) {
      refuse(field, 'has no certificate', CA_HINT);
    }
    for (const [number, pem] of found.entries()) {
      try {
        new X509Certificate(pem);
      } catch {
        refuse(field, `has a certificate that cannot be read: number ${number + 1}`, CA_HINT);
      }
    }
    return found;
  });
}
