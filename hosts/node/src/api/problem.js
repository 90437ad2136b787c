// Responses of the adapters themselves, in the form of the management API's errors (RFC 9457).

import { BODY_BYTES_MAX } from '../support/limits.js';

/** Returns a problem response. */
export function problem(status, title, detail) {
  const body = JSON.stringify({ type: 'about:blank', title, status, detail });
  return { status, headers: [{ name: 'content-type', value: 'application/problem+json' }], body };
}

/** Returns the response to an unknown caller. */
export function unauthorized() {
  return problem(401, 'Unauthorized', 'the platform does not know the caller');
}

/** Returns the response to a request whose body is too large. */
export function tooLarge() {
  return problem(413, 'Content Too Large', `the body has more than ${BODY_BYTES_MAX} bytes`);
}

/** Returns the path and the query of a request's target. */
export function splitTarget(target) {
  const at = target.indexOf('?');
  return at < 0 ? [target, ''] : [target.slice(0, at), target.slice(at + 1)];
}
