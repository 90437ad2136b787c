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

/**
 * Returns the response of the management API below a mount. An error of the host is logged, and the response does not
 * quote it: it is no matter of a tenant.
 */
export async function respond(webhooks, request, known, { mount, log }) {
  try {
    const response = await webhooks.handle(request, known);
    const headers = response.headers.map(({ name, value }) =>
      ({ name, value: name.toLowerCase() === 'location' && value.startsWith('/') ? mount + value : value }));
    return { ...response, headers };
  } catch (error) {
    log(`${request.method} ${request.path} of the management API failed: ${error.stack ?? error}`);
    return failed();
  }
}

/**
 * Returns the response without the text of an error that only the platform may see: a message of the database names
 * users and hosts. `log` gets the text.
 */
export function withoutInternals({ status, headers, body }, { method, path }, log) {
  if (status < 500) {
    return { status, headers, body };
  }
  const { field, hint, ...answer } = JSON.parse(body);
  log(`${method} ${path} failed with status ${status}: ${answer.detail}`);
  if (status === 503 && !answer.detail.startsWith('storage: ')) {
    return { status, headers, body };
  }
  const shown = status === 503
    ? { ...answer, detail: 'the service is unavailable for now', hint: 'repeat the request later' }
    : { ...answer, detail: 'the host failed' };
  return { status, headers, body: JSON.stringify(shown) };
}

/** Returns the response to a request that failed in the host. */
export function failed() {
  return problem(500, 'Internal Server Error', 'the host failed');
}

/** Returns the path and the query of a request's target. */
export function splitTarget(target) {
  const at = target.indexOf('?');
  return at < 0 ? [target, ''] : [target.slice(0, at), target.slice(at + 1)];
}
