// A certificate, read for the sentences about it.

import { CERTIFICATE_NAME_CHARS_MAX } from '../support/limits.js';

/**
 * A certificate of a session. `issued` is what `getPeerCertificate` returns.
 * @typedef {{ subject: object, issuer: object, subjectaltname?: string, valid_from: string, valid_to: string }} Issued
 */

/** Returns the certificates of a chain, the receiver's own first. */
export function chainOf(own) {
  const chain = [];
  for (let next = own; next?.raw !== undefined && !chain.includes(next); next = next.issuerCertificate) {
    chain.push(next);
  }
  return chain;
}

/** Returns the name of a certificate's issuer or subject for people. */
export function spelled(name) {
  const parts = [name?.CN, name?.O, name?.OU].map((part) => [part].flat()[0]);
  const found = parts.find((part) => part !== undefined && part.trim() !== '');
  return found === undefined ? 'an issuer without a name' : printable(found);
}

/** Returns true if a certificate names itself as its issuer. */
export function isSelfIssued({ subject, issuer }) {
  return JSON.stringify(subject) === JSON.stringify(issuer);
}

/** Returns true if a certificate lists the hosts that it is for. If not, its common name is one. */
export function listsHosts({ subjectaltname }) {
  return subjectaltname !== undefined;
}

/** Returns the names and addresses of the hosts that a certificate is for. */
export function hostsOf({ subject, subjectaltname }) {
  if (subjectaltname === undefined) {
    return [subject?.CN ?? []].flat().map(printable);
  }
  const names = subjectaltname.matchAll(/(?:^|, )(DNS|IP Address):("(?:[^"\\]|\\.)*"|[^,]*)/g);
  return Array.from(names, ([, , name]) => printable(name.startsWith('"') ? JSON.parse(name) : name));
}

/** Returns the times between which a certificate is valid, in milliseconds. */
export function validityOf({ valid_from: from, valid_to: to }) {
  return { fromMs: Date.parse(from), toMs: Date.parse(to) };
}

/** Returns a time of a certificate in the form of RFC 3339. */
export function rfc3339(ms) {
  return new Date(ms).toISOString().replace('.000Z', 'Z');
}

function printable(text) {
  // Without control characters.
  return [...text.replace(/\p{Cc}/gu, '')].slice(0, CERTIFICATE_NAME_CHARS_MAX).join('');
}
