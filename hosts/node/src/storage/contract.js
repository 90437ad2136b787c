// The rules of `wit/storage.wit` for a well-formed call. They need no look at the rows. Every store applies them first,
// so all stores refuse the same calls.

import {
  BOUND_BYTES_MAX, COMMIT_BYTES_MAX, COMMIT_CHECKS_MAX, COMMIT_MUTATIONS_MAX, GET_KEYS_MAX, KEY_BYTES_MAX,
  SCAN_ENTRIES_MAX, VALUE_BYTES_MAX,
} from '../support/limits.js';
import { conflict, invalid } from './errors.js';

const KEY = /^[a-z0-9/._-]+$/;
const BOUND = /^[!-~]+$/;

/** Returns the key of a mutation. */
export function keyOf(mutation) {
  return mutation.tag === 'put' ? mutation.val.key : mutation.val;
}

/** Throws a conflict unless every check holds. `versionOf(key)` returns a row's version, or undefined. */
export function requireChecks(checks, versionOf) {
  const failed = checks.flatMap(({ key, version }, index) => (versionOf(key) === (version ?? undefined) ? [] : [index]));
  if (failed.length > 0) {
    throw conflict(failed);
  }
}

/** Throws if a `get` has too many keys or an invalid one. */
export function validateGet(keys) {
  atMost('keys of one get', keys.length, GET_KEYS_MAX);
  for (const key of keys) {
    validateKey(key);
  }
}

/** Throws if a `scan` has an invalid bound or limit. */
export function validateScan({ start, end }, limit) {
  validateBound(start);
  validateBound(end);
  if (!Number.isInteger(limit) || limit < 1 || limit > SCAN_ENTRIES_MAX) {
    throw invalid(`the limit of a scan is 1 to ${SCAN_ENTRIES_MAX} entries, not ${limit}`);
  }
}

/** Throws if a `commit` is too large, names a key twice, or has an invalid part. */
export function validateCommit(checks, mutations) {
  atMost('checks of one commit', checks.length, COMMIT_CHECKS_MAX);
  atMost('mutations of one commit', mutations.length, COMMIT_MUTATIONS_MAX);
  const checked = new Set();
  const changed = new Set();
  const puts = new Set();
  let bytes = 0;
  for (const { key } of checks) {
    validateKey(key);
    bytes += key.length;
    requireNew(checked, key, 'checked');
  }
  for (const mutation of mutations) {
    const key = keyOf(mutation);
    validateKey(key);
    bytes += key.length;
    requireNew(changed, key, 'changed');
    if (mutation.tag === 'put') {
      puts.add(key);
      bytes += validateValue(key, mutation.val.value);
    }
  }
  atMost('bytes of one commit', bytes, COMMIT_BYTES_MAX);
  const stray = checks.find(({ key, version }) => version == null && !puts.has(key));
  if (stray !== undefined) {
    throw invalid(`the absence of \`${stray.key}\` is checked, but the commit does not put it`);
  }
}

function validateKey(key) {
  if (typeof key !== 'string' || key.length < 1 || key.length > KEY_BYTES_MAX || !KEY.test(key)) {
    throw invalid(`a key has 1 to ${KEY_BYTES_MAX} characters of a-z 0-9 / . _ - and no others, unlike ${brief(key)}`);
  }
}

function validateBound(bound) {
  if (typeof bound !== 'string' || bound.length < 1 || bound.length > BOUND_BYTES_MAX || !BOUND.test(bound)) {
    throw invalid(`a bound of a scan has 1 to ${BOUND_BYTES_MAX} bytes of printable ASCII, unlike ${brief(bound)}`);
  }
}

// Returns the value's length in bytes. The messages name the key only, because the value may be confidential.
function validateValue(key, value) {
  if (typeof value !== 'string' || value.includes('\0')) {
    throw invalid(`the value of \`${key}\` is not a text without U+0000`);
  }
  const bytes = Buffer.byteLength(value);
  if (bytes > VALUE_BYTES_MAX) {
    throw invalid(`the value of \`${key}\` has ${bytes} bytes, more than ${VALUE_BYTES_MAX}`);
  }
  return bytes;
}

function atMost(subject, count, max) {
  if (count > max) {
    throw invalid(`${count} ${subject} are more than ${max}`);
  }
}

function requireNew(seen, key, participle) {
  if (seen.has(key)) {
    throw invalid(`\`${key}\` is ${participle} twice in one commit`);
  }
  seen.add(key);
}

function brief(text) {
  return `\`${String(text).slice(0, 40)}\``;
}
