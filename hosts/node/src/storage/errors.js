// The outcomes of a failed storage call, as `wit/storage.wit` names them.

/** A failed storage call. */
export class StorageError extends Error {
  /**
   * @param {string} kind `conflict`, `not-applied`, `unknown`, `transaction-aborted` or `invalid`
   * @param {Iterable<number> | string} detail the indexes of the failed checks, or a sentence
   */
  constructor(kind, detail) {
    super(kind === 'conflict' ? `these checks failed: ${[...detail].join(', ')}` : String(detail));
    this.name = 'StorageError';
    this.kind = kind;
    // The form in which the error reaches the component.
    this.payload = { tag: kind, val: kind === 'conflict' ? Uint32Array.from(detail) : String(detail) };
  }

  /** Returns the error for a payload. `postMessage` keeps payloads, but not classes. */
  static of({ tag, val }) {
    return new StorageError(tag, val);
  }
}

export const conflict = (failed) => new StorageError('conflict', failed);
export const notApplied = (detail) => new StorageError('not-applied', detail);
export const unknown = (detail) => new StorageError('unknown', detail);
export const transactionAborted = (detail) => new StorageError('transaction-aborted', detail);
export const invalid = (detail) => new StorageError('invalid', detail);
