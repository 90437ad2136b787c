// The errors that a caller catches: one class for each kind of the component's refusals, and one for a trap.

/** A refused call, or a failure of the storage. Nothing was changed. */
export class HookwrightError extends Error {
  /** @param {{ kind: string, field?: string, message: string, hint?: string, cause?: unknown }} error */
  constructor({ kind, field, message, hint, cause }) {
    // An uncaught error shows its message only, so the message contains the field and the hint.
    const text = `${field === undefined ? '' : `${field}: `}${message}${hint === undefined ? '' : ` (${hint})`}`;
    super(text, cause === undefined ? undefined : { cause });
    this.name = this.constructor.name;
    /** The kind in the form of Node's codes: `HOOKWRIGHT_INVALID`, `HOOKWRIGHT_NOT_FOUND`... */
    this.code = `HOOKWRIGHT_${kind.toUpperCase().replaceAll('-', '_')}`;
    /** The kind, for decisions: `invalid`, `not-found`... */
    this.kind = kind;
    /** The path of the offending field: `url`, `events[1]`. */
    this.field = field;
    /** One sentence: the cause. */
    this.reason = message;
    /** One sentence: how to fix it. */
    this.hint = hint;
  }
}

/** The input breaks a rule. The caller must change it. */
export class InvalidError extends HookwrightError {}
/** The input exceeds a limit. */
export class TooLargeError extends HookwrightError {}
/** The tenant has no such webhook, message or job. */
export class NotFoundError extends HookwrightError {}
/** The call contradicts the stored state. */
export class ConflictError extends HookwrightError {}
/** The caller lacks a permission. */
export class ForbiddenError extends HookwrightError {}
/** The storage failed. A repetition of the call may succeed. */
export class UnavailableError extends HookwrightError {}
/** The platform's transaction is lost. The platform must roll it back. */
export class TransactionAbortedError extends HookwrightError {}
/** A stored row or the configuration is damaged, or this Hookwright was used wrongly. */
export class InternalError extends HookwrightError {}

/** The instance trapped: a bug in the component or in an import. Its earlier commits are kept. */
export class TrapError extends InternalError {
  constructor(reason, cause) {
    super({ kind: 'internal', message: `the component trapped: ${reason}`, cause });
    this.code = 'HOOKWRIGHT_TRAP';
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

/** Returns the error for a refusal of the component. `cause` is the storage's error that led to it. */
export function errorOf(refusal, cause) {
  const Class = CLASSES[refusal.kind] ?? HookwrightError;
  return new Class({ ...refusal, hint: cause?.hint ?? refusal.hint, cause });
}

/** Returns the error for a failed storage call outside the component. */
export function errorOfStorage(error) {
  const kind = error.kind === 'transaction-aborted' ? error.kind : 'unavailable';
  return errorOf({ kind, message: error.message }, error);
}
