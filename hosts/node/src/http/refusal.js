// The sentences about TLS sessions that were not made, or that the receiver ended: what is wrong, and how to mend it. A
// webhook's owner reads them in the attempt log. The Rust host has the same sentences; `tests/data/tls` has the cases.

import { CERTIFICATE_HOSTS_SHOWN_MAX } from '../support/limits.js';
import { wallMs } from '../support/timers.js';
import { chainOf, hostsOf, isSelfIssued, rfc3339, spelled, validityOf } from './certificate.js';
import { Failure } from './failure.js';

// Alerts of RFC 8446, section 6.
const HANDSHAKE_FAILURE = 40;
const PROTOCOL_VERSION = 70;
const INSUFFICIENT_SECURITY = 71;
const UNRECOGNIZED_NAME = 112;
const CERTIFICATE_REQUIRED = 116;
const NO_APPLICATION_PROTOCOL = 120;
// Alerts with which servers refuse a client without a certificate: handshake_failure, bad_certificate,
// unsupported_certificate, certificate_unknown, access_denied.
const AFTER_A_MISSING_CERTIFICATE = [HANDSHAKE_FAILURE, 42, 43, 46, 49];
const ALERT_NAMES = {
  0: 'close_notify', 10: 'unexpected_message', 20: 'bad_record_mac', 21: 'decryption_failed', 22: 'record_overflow',
  40: 'handshake_failure', 42: 'bad_certificate', 43: 'unsupported_certificate', 44: 'certificate_revoked',
  45: 'certificate_expired', 46: 'certificate_unknown', 47: 'illegal_parameter', 48: 'unknown_ca',
  49: 'access_denied', 50: 'decode_error', 51: 'decrypt_error', 71: 'insufficient_security', 80: 'internal_error',
  86: 'inappropriate_fallback', 90: 'user_canceled', 109: 'missing_extension', 110: 'unsupported_extension',
  113: 'bad_certificate_status_response', 115: 'unknown_psk_identity',
};

const NO_TLS = 'the receiver speaks no TLS on this port, but perhaps plain HTTP: begin the URL with http://, or set up TLS '
  + 'on the port';
const NO_VERSION = 'the receiver supports no version of TLS that is safe: enable TLS 1.2 or 1.3 there';
const NO_SETTINGS = 'the receiver and this platform have no TLS settings in common: enable TLS 1.2 or 1.3 there, with '
  + 'AES-GCM or ChaCha20 and ECDHE';
const CLIENT_CERTIFICATE = 'the receiver asks for a client certificate, which webhooks do not have: accept requests '
  + 'without one there, and verify their signature';
const SELF_SIGNED = "the receiver's certificate is self-signed: use one of a public authority, or let the platform's "
  + 'operator trust this one';
const BAD_SIGNATURE = "the signature of the receiver's certificate is wrong: install the certificate and the chain as they "
  + 'were issued';
const UNSAFE = "the receiver's certificate is signed in a way that is not safe: renew it with SHA-256, and RSA of 2048 bits "
  + 'or more or ECDSA';
const PURPOSE = "the receiver's certificate is not for servers: use one whose extended key usage has serverAuth";
const EXTENSION = "the receiver's certificate has a critical extension that is unknown: use a certificate without it";
const RULES = 'the receiver breaks the rules of TLS: check the software on this port, and whether something in between '
  + 'changes the data';
const NO_OTHER_HTTP = 'the receiver accepts no version of HTTP that is offered: let it accept HTTP/1.1';

// The purpose `serverAuth` of RFC 5280, section 4.2.1.12.
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
// OpenSSL's names of what is wrong with a chain.
const OF_CHAIN = {
  CERT_SIGNATURE_FAILURE: BAD_SIGNATURE,
  EE_KEY_TOO_SMALL: UNSAFE,
  CA_KEY_TOO_SMALL: UNSAFE,
  CA_MD_TOO_WEAK: UNSAFE,
  UNSUPPORTED_SIGNATURE_ALGORITHM: UNSAFE,
  UNHANDLED_CRITICAL_EXTENSION: EXTENSION,
};

/** Returns the failure for a receiver whose certificate was judged. `own` is its certificate. */
export function certificateRefused(code, own, host) {
  return new Failure('tls', certificateDetail(code, own, host));
}

/**
 * Returns the failure for an error of a session. `received` is true if the receiver had sent more than an alert in the
 * handshake, so that it may have asked for a client certificate.
 */
export function sessionRefused(error, { host, received }) {
  const alert = alertOf(error);
  if (alert === NO_APPLICATION_PROTOCOL) {
    return Object.assign(new Failure('tls', NO_OTHER_HTTP), { wantsOtherHttp: true });
  }
  return new Failure('tls', alert === undefined ? errorDetail(error, host) : alertDetail(alert, host, received));
}

/** Returns true if an error comes from TLS, and not from the connection below it. */
export function isOfTls(error) {
  return alertOf(error) !== undefined || /^ERR_SSL_/.test(error.code ?? '');
}

function certificateDetail(code, own, host) {
  const chain = chainOf(own);
  const outside = chain.length === 0 ? undefined : timeDetail(own);
  if (outside !== undefined) {
    return outside;
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return nameDetail(own, host);
  }
  if (chain.length > 0 && isSelfIssued(own)) {
    return SELF_SIGNED;
  }
  const expired = chain.slice(1).find((issuer) => timeDetail(issuer) !== undefined);
  if ((code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') && expired !== undefined) {
    const { fromMs, toMs } = validityOf(expired);
    return `the certificate of the issuer \`${spelled(expired.subject)}\` is valid from ${rfc3339(fromMs)} to `
      + `${rfc3339(toMs)} only: send a chain that is valid now`;
  }
  if (code === 'INVALID_PURPOSE' && own.ext_key_usage?.includes(SERVER_AUTH) === false) {
    return PURPOSE;
  }
  return OF_CHAIN[code] ?? `the receiver's certificate is issued by \`${spelled(chain.at(-1)?.issuer)}\`, which is not `
    + "trusted: send all intermediate certificates, use a public authority, or let the platform's operator trust this one";
}

function timeDetail(certificate) {
  const { fromMs, toMs } = validityOf(certificate);
  if (wallMs() > toMs) {
    return `the receiver's certificate expired at ${rfc3339(toMs)}: renew it`;
  }
  return wallMs() < fromMs
    ? `the receiver's certificate is not valid before ${rfc3339(fromMs)}: install one that is valid now, or set the clock right`
    : undefined;
}

function nameDetail(own, host) {
  const hosts = hostsOf(own);
  const names = hosts.slice(0, CERTIFICATE_HOSTS_SHOWN_MAX).map((name) => `\`${name}\``).join(', ');
  const more = hosts.length - CERTIFICATE_HOSTS_SHOWN_MAX;
  const shown = hosts.length === 0 ? 'names no host' : `is for ${names}${more > 0 ? ` and ${more} more` : ''}`;
  return `the receiver's certificate ${shown}, not for \`${host}\`: use a certificate that names \`${host}\`, or the URL `
    + 'that it is for';
}

function alertDetail(alert, host, received) {
  switch (alert) {
    case CERTIFICATE_REQUIRED: return CLIENT_CERTIFICATE;
    case PROTOCOL_VERSION: return NO_VERSION;
    case UNRECOGNIZED_NAME: return `the receiver has no certificate for \`${host}\`: set one up for this name there`;
    default:
  }
  if (received && AFTER_A_MISSING_CERTIFICATE.includes(alert)) {
    return CLIENT_CERTIFICATE;
  }
  if (alert === HANDSHAKE_FAILURE || alert === INSUFFICIENT_SECURITY) {
    return NO_SETTINGS;
  }
  return `the receiver ended the TLS session with the alert ${alert} (${ALERT_NAMES[alert] ?? 'unknown'}): see the receiver's log`;
}

function errorDetail(error, host) {
  switch (error.code) {
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
    case 'ERR_SSL_HTTP_REQUEST':
      return NO_TLS;
    case 'ERR_SSL_UNSUPPORTED_PROTOCOL':
    case 'ERR_SSL_VERSION_TOO_LOW':
      return NO_VERSION;
    case 'ERR_SSL_WRONG_CIPHER_RETURNED':
    case 'ERR_SSL_NO_SUITABLE_KEY_SHARE':
    case 'ERR_SSL_DH_KEY_TOO_SMALL':
      return NO_SETTINGS;
    default:
      return isOfTls(error) ? RULES : `the receiver closed the connection during the TLS handshake: check that this port `
        + `serves TLS for \`${host}\`, and the receiver's log`;
  }
}

// OpenSSL's text ends with the number of the alert.
function alertOf({ message }) {
  const [, alert] = /SSL alert number ([0-9]+)/.exec(message ?? '') ?? [];
  return alert === undefined ? undefined : Number(alert);
}
