// What went wrong, as one of the kinds that the engine knows, with a sentence that holds no secret.

import { DETAIL_CHARS_MAX } from '../limits.js';

/** A failure of a request, as it crosses into the component. */
export class Failure extends Error {
  constructor(kind, detail) {
    super(detail);
    this.kind = kind;
  }
}

/** What an error of the client means: by its class and code, not by its text. */
export function failureOf(error) {
  if (error instanceof Failure) {
    return error;
  }
  switch (error.name) {
    case 'InvalidArgumentError':
    case 'NotSupportedError':
    case 'RequestContentLengthMismatchError':
      // The text of these may quote a header's value.
      return new Failure('invalid-request', 'the client cannot express the request: its URL, or a header of it');
    default:
      return new Failure('protocol', `no response: ${innermost(error)}`);
  }
}

/** The completion's half for a failure. */
export function refused(failure) {
  const detail = [...failure.message].slice(0, DETAIL_CHARS_MAX).join('');
  return { tag: 'err', val: { kind: failure.kind, detail } };
}

function innermost(error) {
  let last = error;
  while (last.cause instanceof Error) {
    last = last.cause;
  }
  return last.message || last.code || last.name;
}
