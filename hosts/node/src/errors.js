// What a call can end with: the component's refusals by kind, and an instance that trapped.

/** The component refused a call, or its storage failed. Nothing was changed. */
export class HookwrightError extends Error {
  /** @param {{ kind: string, field?: string, message: string, hint?: string }} error */
  constructor({ kind, field, message, hint }) {
    // What people see is all of it: an error that nobody catches shows nothing else.
    super(`${field === undefined ? '' : `${field}: `}${message}${hint === undefined ? '' : ` (${hint})`}`);
    this.name = this.constructor.name;
    /** For decisions: `invalid`, `not-found`... */
    this.kind = kind;
    /** The field of the input at fault, as a path: `url`, `events[1]`. */
    this.field = field;
    /** One sentence: what was wrong. */
    this.reason = message;
    /** How to mend it. */
    this.hint = hint;
  }
}

/** The input breaks a rule; the caller must change it. */
export class InvalidError extends HookwrightError {}
/** The input is larger than a limit. */
export class TooLargeError extends HookwrightError {}
/** There is no such thing for this tenant. */
export class NotFoundError extends HookwrightError {}
/** It contradicts what is stored. */
export class ConflictError extends HookwrightError {}
/** The caller lacks a permission. */
export class ForbiddenError extends HookwrightError {}
/** The storage failed in a way that repeating the call may mend. */
export class UnavailableError extends HookwrightError {}
/** The platform's own transaction is lost and must be rolled back. */
export class TransactionAbortedError extends HookwrightError {}
/** A stored row, or the configuration, is not what it should be. */
export class InternalError extends HookwrightError {}

/** The instance ended: a bug in the component or in what it imports. What it had committed is kept. */
export class TrapError extends InternalError {
  constructor(reason, cause) {
    super({ kind: 'internal', message: `the component trapped: ${reason}` });
    this.cause = cause;
  }
}

const CLASSES = {
  invalid: InvalidError,
  'too-large': TooLargeError,
  'not-found': NotFoundError,
  conflict: ConflictError,
  forbidden: ForbiddenError,
  unavailable: UnavailableError,
  'transaction-aborted': TransactionAbortedError,
  internal: InternalError,
};

/** The error of a refusal as the component tells it. */
export function errorOf(refusal) {
  const Class = CLASSES[refusal.kind] ?? HookwrightError;
  return new Class(refusal);
}

/** Why a storage call did not succeed; `payload` is how it crosses into the component. */
export class StorageError extends Error {
  constructor(kind, detail) {
    super(kind === 'conflict' ? `these checks do not hold: ${[...detail].join(', ')}` : String(detail));
    this.name = 'StorageError';
    this.kind = kind;
    this.payload = { tag: kind, val: kind === 'conflict' ? Uint32Array.from(detail) : String(detail) };
  }

  /** Its payload after a way through `postMessage`, which keeps no classes. */
  static of({ tag, val }) {
    return new StorageError(tag, val);
  }
}

export const conflict = (failed) => new StorageError('conflict', failed);
export const notApplied = (detail) => new StorageError('not-applied', detail);
export const unknown = (detail) => new StorageError('unknown', detail);
export const transactionAborted = (detail) => new StorageError('transaction-aborted', detail);
export const invalid = (detail) => new StorageError('invalid', detail);
