// The meaning of a PostgreSQL error, by its code. An error without a code is a lost connection.

import { invalid, notApplied, unknown } from '../errors.js';

/** Returns the error of a statement before `COMMIT`. Nothing was applied. */
export function statementError(error) {
  return error.code === '22021' ? invalid(error.message) : notApplied(error.message);
}

/** Returns the error of a `COMMIT`. If the connection is lost, the outcome is unknown. */
export function commitError({ code, message }) {
  const isLost = code === undefined || code === '40003' || /^08|^57P0[123]$|^E[A-Z]+$/.test(code);
  return isLost ? unknown(message) : notApplied(message);
}

/**
 * Returns true if the whole transaction is lost: the cause lies in its locks or its snapshot, or the connection is
 * gone.
 */
export function abortsTransaction({ code }) {
  return code === undefined || /^(40P01|40001|55P03|57014|25P02|08.*|57P0[123]|E[A-Z]+)$/.test(code);
}
