// Failures of requests: one of the kinds of `wit/http.wit`, and a sentence without secrets.

import { DETAIL_CHARS_MAX } from '../support/limits.js';

/** A failed request, as the component sees it. */
export class Failure extends Error {
  constructor(kind, detail) {
    super(detail);
    this.kind = kind;
  }
}

/** Returns the failure for an error of undici. Its name decides, not its text. */
export function failureOf(error) {
  if (error instanceof Failure) {
    return error;
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
