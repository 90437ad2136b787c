// What makes a storage call well-formed: the rules of `wit/storage.wit` that can be decided without looking at a row.
// Every store calls these functions first, so that a call refused by one is refused by all.

import { invalid } from './errors.js';
import {
  BOUND_BYTES_MAX, COMMIT_BYTES_MAX, COMMIT_CHECKS_MAX, COMMIT_MUTATIONS_MAX, GET_KEYS_MAX, KEY_BYTES_MAX,
  SCAN_ENTRIES_MAX, VALUE_BYTES_MAX,
} from './limits.js';

const KEY = /^[a-z0-9/._-]+$/;
const BOUND = /^[!-~]+$/;

/** The parts of a mutation, whichever it is: `value` is undefined for a delete. */
export function keyOf(mutation) {
  return mutation.tag === 'put' ? mutation.val.key : mutation.val;
}

/** Refuses a `get` of too many keys, or of something that is no key. */
export function validateGet(keys) {
  atMost('keys of one get', keys.length, GET_KEYS_MAX);
  for (const key of keys) {
    validateKey(key);
  }
}

/** Refuses a `scan` whose limit or bounds are not what they may be. */
export function validateScan({ start, end }, limit) {
  validateBound(start);
  validateBound(end);
  if (!Number.isInteger(limit) || limit < 1 || limit > SCAN_ENTRIES_MAX) {
    throw invalid(`a scan asks for 1 to ${SCAN_ENTRIES_MAX} entries, not ${limit}`);
  }
}

/** Refuses a `commit` that is too large, or whose parts are not what they may be. */
export function validateCommit(checks, mutations) {
  atMost('checks of one commit', checks.length, COMMIT_CHECKS_MAX);
  atMost('mutations of one commit', mutations.length, COMMIT_MUTATIONS_MAX);
  const checked = new Set();
  const puts = new Set();
  const changed = new Set();
  let bytes = 0;
  for (const { key } of checks) {
    validateKey(key);
    bytes += key.length;
    once(checked, key, 'checked');
  }
  for (const mutation of mutations) {
    const key = keyOf(mutation);
    validateKey(key);
    bytes += key.length;
    once(changed, key, 'changed');
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
    throw invalid(`a key has 1 to ${KEY_BYTES_MAX} of a-z 0-9 / . _ -; encode the rest of ${brief(key)}`);
  }
}

function validateBound(bound) {
  if (typeof bound !== 'string' || bound.length < 1 || bound.length > BOUND_BYTES_MAX || !BOUND.test(bound)) {
    throw invalid(`a bound of a scan has 1 to ${BOUND_BYTES_MAX} bytes of printable ASCII, unlike ${brief(bound)}`);
  }
}

// The message names the key alone: the value may be anybody's data.
function validateValue(key, value) {
  if (typeof value !== 'string' || value.includes('\0')) {
    throw invalid(`the value of \`${key}\` is no text without U+0000`);
  }
  const bytes = Buffer.byteLength(value);
  if (bytes > VALUE_BYTES_MAX) {
    throw invalid(`the value of \`${key}\` has ${bytes} bytes, more than ${VALUE_BYTES_MAX}`);
  }
  return bytes;
}

function atMost(what, count, max) {
  if (count > max) {
    throw invalid(`${count} ${what} are more than ${max}`);
  }
}

function once(seen, key, what) {
  if (seen.has(key)) {
    throw invalid(`\`${key}\` is ${what} twice in one commit`);
  }
  seen.add(key);
}

function brief(text) {
  return `\`${String(text).slice(0, 40)}\``;
}
