// The meaning of a SQLite error, by its code. `tests/data/storage-kit/databases.json` has the rules for all hosts.

import { notApplied, transactionAborted, unknown } from '../errors.js';

const BUSY = 5;
const LOCKED = 6;

// The hint for an error whose cause a repetition does not remove, by the primary code.
const HINTS = {
  8: 'the process must be allowed to write the file and its folder',
  14: 'check that the folder of the file exists, and that the process may write there',
  26: "the file is not a SQLite database: pass the path of the application's database, or of a new file",
};
const NO_TABLE_HINT = 'check that the file is the right one, and create the table with `await storage.createSchema()`';
const LOCKED_HINT = 'if this call belongs to an open transaction of the application, pass its connection as '
  + '`transaction`; otherwise shorten the transaction that holds the lock';
const UNFINISHED_HINT = 'fetch all rows of the writing statement, or end its iteration, before this call';
const IMMEDIATE_HINT = 'roll the transaction back and repeat it; begin it with BEGIN IMMEDIATE, so that it waits for the '
  + 'lock first';

/** Returns true if the error means that another connection holds a lock. */
export function isBusy(error) {
  const primaryCode = primaryCodeOf(error);
  return primaryCode === BUSY || primaryCode === LOCKED || /^SQLITE_(BUSY|LOCKED)/.test(error.code ?? '');
}

/** Returns the error of a statement before `COMMIT`. Nothing was applied. */
export function statementError(error) {
  return notApplied(error.message, { cause: error, hint: hintOf(error) });
}

/** Returns the error of a `COMMIT`. A lock that could not be taken leaves nothing behind. */
export function commitError(error) {
  return isBusy(error) ? statementError(error) : unknown(error.message, { cause: error });
}

/** Returns the error of a statement in the platform's transaction. */
export function joinedError(error) {
  if (isUnfinished(error)) {
    return notApplied(error.message, { cause: error, hint: UNFINISHED_HINT });
  }
  if (isBusy(error)) {
    // A transaction that has read cannot take the lock any more once another one has written. SQLite reports some of
    // these cases as an ordinary lock, so a repetition in the same transaction is no remedy.
    return transactionAborted(error.message, { cause: error, hint: IMMEDIATE_HINT });
  }
  return statementError(error);
}

/** Returns the error of a call that waited too long for another connection's lock. */
export function lockedTooLong(ms, cause) {
  return notApplied(`another connection has locked the file for ${ms} ms`, { cause, hint: LOCKED_HINT });
}

// A statement with `RETURNING` whose rows were not all fetched, for example. SQLite refuses a savepoint meanwhile, and
// `better-sqlite3` every statement.
function isUnfinished(error) {
  return /SQL statements in progress|busy executing a query/.test(error.message);
}

function hintOf(error) {
  return /no such table: hookwright/.test(error.message) ? NO_TABLE_HINT : HINTS[primaryCodeOf(error)];
}

// `node:sqlite` has the number, `better-sqlite3` the name.
function primaryCodeOf({ errcode, code }) {
  const named = { SQLITE_READONLY: 8, SQLITE_CANTOPEN: 14, SQLITE_NOTADB: 26 };
  return errcode === undefined ? named[/^SQLITE_[A-Z]+/.exec(code ?? '')?.[0]] : errcode & 0xff;
}
