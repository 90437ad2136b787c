// The meaning of a PostgreSQL error, by its code. An error without a code is a lost connection.
// `tests/data/storage-kit/databases.json` has the rules for all hosts.

import { invalid, notApplied, transactionAborted, unknown } from '../errors.js';

const LOST = /^08|^57P0[123]$|^E[A-Z]+$/;
const ABORTS = ['40P01', '40001', '40003', '55P03', '57014', '25P02'];

// The hint for an error whose cause a repetition does not remove.
const HINTS = {
  '42P01': 'create the table with `await storage.createSchema()`, and check the `search_path`',
  42501: 'grant the user SELECT, INSERT, UPDATE and DELETE on the table `hookwright`',
  '3D000': "check the database's name in the options of the pool",
  '28P01': "check the user and the password in the options of the pool",
};

/** Returns the error of a statement before `COMMIT`. Nothing was applied. */
export function statementError(error) {
  const more = { cause: error, hint: HINTS[error.code] };
  return error.code === '22021' ? invalid(error.message, more) : notApplied(error.message, more);
}

/** Returns the error of a `COMMIT`. If the connection is lost, the outcome is unknown. */
export function commitError(error) {
  const isUnknown = error.code === '40003' || isLost(error);
  return isUnknown ? unknown(error.message, { cause: error }) : notApplied(error.message, { cause: error });
}

/**
 * Returns the error of a statement in the platform's transaction. The whole transaction is lost if the cause lies in
 * its locks or its snapshot, or if the connection is gone.
 */
export function joinedError(error) {
  return ABORTS.includes(error.code) || isLost(error)
    ? transactionAborted(error.message, { cause: error })
    : statementError(error);
}

function isLost({ code }) {
  return code === undefined || LOST.test(code);
}
