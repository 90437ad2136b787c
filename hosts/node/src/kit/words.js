// What the cases are written with.

import { isDeepStrictEqual, inspect } from 'node:util';
import { StorageError } from '../storage/errors.js';

// How often what was not applied is repeated before the store is said to hang.
export const REPEATS_MAX = 1_000;

export const put = (key, value) => ({ tag: 'put', val: { key, value } });
export const gone = (key) => ({ tag: 'delete', val: key });
export const at = (key, version) => ({ key, version });
export const absent = (key) => ({ key, version: undefined });
export const keysOf = (rows) => rows.map(({ key }) => key);

/** A rule that does not hold. */
export function fail(what, expected, came) {
  const shown = (value) => {
    const text = typeof value === 'string' ? value : inspect(value, { breakLength: Infinity, maxStringLength: 100 });
    return text.length > 400 ? `${text.slice(0, 400)}...` : text;
  };
  throw new Error(`${what}: expected ${shown(expected)}, came ${shown(came)}`);
}

export function same(what, came, expected) {
  if (!isDeepStrictEqual(came, expected)) {
    fail(what, expected, came);
  }
}

export function holds(isSo, what, expected, came) {
  if (!isSo) {
    fail(what, expected, came);
  }
}

/** Repeats what was not applied: that is allowed at any time, and the caller's to repeat. */
export async function patiently(what, call) {
  let last;
  for (let n = 0; n < REPEATS_MAX; n += 1) {
    try {
      return await call();
    } catch (error) {
      if (error.kind !== 'not-applied') {
        fail(what, 'success', `${error.kind ?? error.name}: ${error.message}`);
      }
      last = error;
    }
  }
  return fail(what, 'an end', `not-applied ${REPEATS_MAX} times in a row: ${last.message}`);
}

/** Answers `{ versions }`, or the `{ failed }` checks. */
export function tryCommit(store, checks, mutations) {
  return patiently('commit', async () => {
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

/** A commit that must be applied, with as many versions as it has puts. */
export async function commit(store, checks, mutations) {
  const { versions, failed } = await tryCommit(store, checks, mutations);
  holds(failed === undefined, 'a commit whose checks hold', 'success', `conflict ${failed}`);
  const puts = mutations.filter(({ tag }) => tag === 'put').length;
  holds(versions.length === puts, 'the versions of a commit', `${puts} of them`, `${versions.length} of them`);
  return versions;
}

/** Puts without a check and answers the version. */
export async function set(store, key, value) {
  return (await commit(store, [], [put(key, value)]))[0];
}

/** A commit whose checks fail: it names these, or at least one of them, and no other. */
export async function conflicts(what, store, checks, mutations, expected) {
  const { versions, failed } = await tryCommit(store, checks, mutations);
  const wanted = `a conflict of check ${expected}`;
  holds(failed !== undefined, what, wanted, `success with the versions ${versions}`);
  holds(failed.length > 0 && failed.every((index) => expected.includes(index)), what, wanted, `a conflict of ${failed}`);
  holds(failed.every((index, n) => n === 0 || failed[n - 1] < index), what, 'indexes in order, each once', failed);
}

export async function getAll(store, keys) {
  const found = await patiently('get', () => store.get(keys));
  holds(found.length === keys.length, 'what a get answers', `${keys.length} of them`, `${found.length} of them`);
  return found;
}

export async function getOne(store, key) {
  return (await getAll(store, [key]))[0];
}

/** A row that must be there. */
export async function row(store, key) {
  return (await getOne(store, key)) ?? fail(`get ${key}`, 'a row', 'none');
}

export function scan(store, start, end, limit, order = 'forward') {
  return patiently('scan', () => store.scan({ start, end }, limit, order));
}

/** All rows of a small store. */
export function all(store) {
  return scan(store, '!', '~', 1_000);
}
