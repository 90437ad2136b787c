// Several commits in one SQLite transaction, so that they share a flush to disk. Each commit has its own outcome.

import { GROUP_BYTES_MAX, GROUP_COMMITS_MAX } from '../../support/limits.js';
import { notApplied, StorageError } from '../errors.js';
import { commitError, isBusy, statementError } from './errors.js';

/** Removes from the waiting commits those that fit into one transaction, at least one, and returns them. */
export function takeGroup(waiting) {
  let [count, bytes] = [0, 0];
  while (count < waiting.length && count < GROUP_COMMITS_MAX && (count === 0 || bytes < GROUP_BYTES_MAX)) {
    for (const mutation of waiting[count].mutations) {
      bytes += mutation.tag === 'put' ? mutation.val.value.length : 0;
    }
    count += 1;
  }
  return waiting.splice(0, count);
}

/**
 * Applies commits in one transaction. Returns `{ versions }` or `{ error }` for each. Returns undefined if another
 * connection holds the lock; then nothing has begun, and the caller may try again.
 */
export function commitGroup(rows, commits) {
  try {
    rows.exec('BEGIN IMMEDIATE');
  } catch (error) {
    return isBusy(error) ? undefined : commits.map(() => ({ error: statementError(error) }));
  }
  let outcomes;
  try {
    outcomes = commits.map(({ checks, mutations }) => applyOne(rows, checks, mutations));
  } catch (error) {
    rollback(rows);
    // A failed statement must not fail the other commits of the group, so each is tried alone.
    return commits.length === 1
      ? [{ error: statementError(error) }]
      : commits.map((commit) => commitGroup(rows, [commit])?.[0] ?? { error: notApplied('the file is locked') });
  }
  try {
    rows.exec('COMMIT');
    return outcomes;
  } catch (error) {
    rollback(rows);
    // A busy file was not written. A refused commit is not applied in any case; its conflict may have been with another
    // commit of the group, so it is not reported as a conflict.
    return outcomes.map(({ error: refused }) => ({
      error: refused === undefined ? commitError(error) : statementError(error),
    }));
  }
}

function applyOne(rows, checks, mutations) {
  try {
    return { versions: rows.apply(checks, mutations) };
  } catch (error) {
    if (error instanceof StorageError) {
      return { error };
    }
    throw error;
  }
}

function rollback(rows) {
  try {
    rows.exec('ROLLBACK');
  } catch {
    // SQLite has ended the transaction itself.
  }
}
