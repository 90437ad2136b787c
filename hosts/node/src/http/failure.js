// Failures of requests: one of the kinds of `wit/http.wit`, and a sentence without secrets.

import { DETAIL_CHARS_MAX } from '../support/limits.js';

/** A failed request, as the component sees it. */
export class Failure extends Error {
  constructor(kind, detail) {
    super(detail);
    this.kind = kind;
  }
}

/** Returns true if the receiver refused to process the request over HTTP/2, and asks for HTTP/1.1 (RFC 9113, section 7). */
export function wantsHttp1(error) {
  // Node and undici have no field for the code.
  return /HTTP_1_1_REQUIRED|"GOAWAY" frame received with code 13$|session closed with error code 13$/i.test(rootCause(error));
}

/** Returns the failure for an error of undici. Its name decides, not its text. */
export function failureOf(error) {
  if (error instanceof Failure) {
    return error;
  }
  if (wantsHttp1(error)) {
    return new Failure('protocol', 'the receiver asks for HTTP/1.1, but accepts only HTTP/2 over TLS: let it accept HTTP/1.1');
  }
  switch (error.name) {
    case 'InvalidArgumentError':
    case 'NotSupportedError':
    case 'RequestContentLengthMismatchError':
      // The text of these errors may quote the value of a header.
      return new Failure('invalid-request', 'the client cannot express the URL or a header of the request');
    default:
      return new Failure('protocol', `no response: ${rootCause(error)}`);
  }
}

/** Returns the `outcome` of a completion for a failure. */
export function failed(failure) {
  const detail = [...failure.message].slice(0, DETAIL_CHARS_MAX).join('');
  return { tag: 'err', val: { kind: failure.kind, detail } };
}

function rootCause(error) {
  let last = error;
  while (last.cause instanceof Error) {
    last = last.cause;
  }
  return last.message || last.code || last.name;
}
