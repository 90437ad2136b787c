// The outcomes of a failed storage call, as `wit/storage.wit` names them.

/** A failed storage call. */
export class StorageError extends Error {
  /**
   * @param {string} kind `conflict`, `not-applied`, `unknown`, `transaction-aborted` or `invalid`
   * @param {Iterable<number> | string} detail the indexes of the failed checks, or a sentence
   * @param {{ cause?: unknown, hint?: string }} more the driver's error, and a sentence that says how to fix it
   */
  constructor(kind, detail, { cause, hint } = {}) {
    const message = kind === 'conflict' ? `these checks failed: ${[...detail].join(', ')}` : String(detail);
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'StorageError';
    this.kind = kind;
    this.code = `HOOKWRIGHT_STORAGE_${kind.toUpperCase().replaceAll('-', '_')}`;
    this.hint = hint;
    // The form in which the error reaches the component.
    this.payload = { tag: kind, val: kind === 'conflict' ? Uint32Array.from(detail) : String(detail) };
  }

  /** Returns the error for the form in which a thread posts it. `postMessage` keeps plain members, but not classes. */
  static of({ payload: { tag, val }, hint, cause }) {
    return new StorageError(tag, val, { hint, cause: cause && Object.assign(new Error(cause.message), cause) });
  }

  /** Returns the form in which a thread posts the error. */
  get posted() {
    const { payload, hint, cause } = this;
    return { payload, hint, cause: cause && { message: cause.message, code: cause.code, errcode: cause.errcode } };
  }
}

export const conflict = (failed) => new StorageError('conflict', failed);
export const notApplied = (detail, more) => new StorageError('not-applied', detail, more);
export const unknown = (detail, more) => new StorageError('unknown', detail, more);
export const transactionAborted = (detail, more) => new StorageError('transaction-aborted', detail, more);
export const invalid = (detail, more) => new StorageError('invalid', detail, more);
