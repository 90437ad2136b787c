// The storage calls of the cases. They repeat a call that was not applied, because a store may refuse any call with
// `not-applied` at any time.

import { StorageError } from '../storage/errors.js';
import { fail, isTrue } from './expect.js';

// Calls in a row that may end with `not-applied`. After that number the store is considered stuck.
export const REPEATS_MAX = 1_000;

export const put = (key, value) => ({ tag: 'put', val: { key, value } });
export const remove = (key) => ({ tag: 'delete', val: key });
export const hasVersion = (key, version) => ({ key, version });
export const isAbsent = (key) => ({ key, version: undefined });
export const keysOf = (rows) => rows.map(({ key }) => key);

/** Makes a commit. Returns `{ versions }`, or `{ failed }` with the indexes of the failed checks. */
export function tryCommit(store, checks, mutations) {
  return repeated('commit', async () => {
    try {
      return { versions: await store.commit(checks, mutations) };
    } catch (error) {
      if (error instanceof StorageError && error.kind === 'conflict') {
        return { failed: [...error.payload.val] };
      }
      throw error;
    }
  });
}

/** Makes a commit that must be applied. Returns a version for each put. */
export async function commit(store, checks, mutations) {
  const { versions, failed } = await tryCommit(store, checks, mutations);
  isTrue(failed === undefined, 'a commit whose checks hold', 'success', `a conflict of check ${failed}`);
  const puts = mutations.filter(({ tag }) => tag === 'put').length;
  isTrue(versions.length === puts, 'the versions of a commit', `${puts} of them`, `${versions.length} of them`);
  return versions;
}

/** Puts a row without a check. Returns its version. */
export async function putRow(store, key, value) {
  return (await commit(store, [], [put(key, value)]))[0];
}

/**
 * Makes a commit that must be a conflict. `expected` has the failed checks. The store names at least one of them, and
 * no other.
 */
export async function expectConflict(rule, store, checks, mutations, expected) {
  const { versions, failed } = await tryCommit(store, checks, mutations);
  const wanted = `a conflict of check ${expected}`;
  isTrue(failed !== undefined, rule, wanted, `success with the versions ${versions}`);
  isTrue(failed.length > 0 && failed.every((index) => expected.includes(index)), rule, wanted, `a conflict of ${failed}`);
  const isSorted = failed.every((index, position) => position === 0 || failed[position - 1] < index);
  isTrue(isSorted, rule, 'ascending indexes, each of them once', failed);
}

/** Returns the rows of the keys, undefined for those that are absent. */
export async function getRows(store, keys) {
  const found = await repeated('get', () => store.get(keys));
  isTrue(found.length === keys.length, 'the results of a get', `${keys.length} of them`, `${found.length} of them`);
  return found;
}

/** Returns a row, or undefined. */
export async function getRow(store, key) {
  return (await getRows(store, [key]))[0];
}

/** Returns a row that must be present. */
export async function requireRow(store, key) {
  return (await getRow(store, key)) ?? fail(`get ${key}`, 'a row', 'none');
}

/** Returns the rows of a range. */
export function scan(store, start, end, limit, order = 'forward') {
  return repeated('scan', () => store.scan({ start, end }, limit, order));
}

/** Returns all rows of a store with at most 1,000 of them. */
export function scanAll(store) {
  return scan(store, '!', '~', 1_000);
}

async function repeated(name, call) {
  let last;
  for (let repeat = 0; repeat < REPEATS_MAX; repeat += 1) {
    try {
      return await call();
    } catch (error) {
      if (error.kind !== 'not-applied') {
        fail(name, 'success', `${error.kind ?? error.name}: ${error.message}`);
      }
      last = error;
    }
  }
  return fail(name, 'success at last', `not-applied ${REPEATS_MAX} times in a row: ${last.message}`);
}
