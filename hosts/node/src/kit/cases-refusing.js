// Cases about calls that break a rule: a store refuses them as `invalid`, all alike, and applies nothing.

import {
  COMMIT_CHECKS_MAX, COMMIT_MUTATIONS_MAX, GET_KEYS_MAX, KEY_BYTES_MAX, SCAN_ENTRIES_MAX, VALUE_BYTES_MAX,
} from '../support/limits.js';
import { absent, all, at, fail, gone, put, same, set } from './words.js';

// What is no key, by what is wrong with it.
const NO_KEYS = [
  ['an empty key', ''],
  ['a key in upper case', 'A'],
  ['a key with a space', 'a b'],
  ['a key beyond ASCII', 'ä'],
  ['a key with U+0000', 'a\0'],
  ['a key with a colon', 'a:'],
  ['a key with a tilde', 'a~'],
  ['a key of 256 bytes', 'a'.repeat(KEY_BYTES_MAX + 1)],
];

async function invalid(what, call) {
  const wanted = 'an error of the kind invalid';
  let came;
  try {
    await call();
    came = 'success';
  } catch (error) {
    if (error.kind === 'invalid') {
      return;
    }
    came = `${error.kind ?? error.name}: ${error.message}`;
  }
  fail(what, wanted, came);
}

export async function refusedReads(store) {
  for (const [what, key] of NO_KEYS) {
    await invalid(`get of ${what}`, () => store.get(['a', key]));
  }
  await invalid('get of 1,001 keys', () => store.get(Array(GET_KEYS_MAX + 1).fill('a')));
  for (const [start, end] of [['', 'b'], ['a', ''], ['ä', 'b'], ['a', '\u007f'], ['a b', 'c']]) {
    await invalid(`a scan from ${start} to ${end}`, () => store.scan({ start, end }, 1, 'forward'));
  }
  await invalid('a scan of no rows', () => store.scan({ start: 'a', end: 'b' }, 0, 'forward'));
  await invalid('a scan of 1,001 rows', () => store.scan({ start: 'a', end: 'b' }, SCAN_ENTRIES_MAX + 1, 'reverse'));
}

export async function refusedCommits(store) {
  await set(store, 'k', '1');
  const before = await all(store);
  const refuse = async (what, checks, mutations) => {
    // A mutation that would do, so that a store which stops halfway is seen.
    await invalid(what, () => store.commit(checks, [put('fine', '1'), ...mutations]));
    same(`the rows after ${what} was refused`, await all(store), before);
  };
  for (const [what, key] of NO_KEYS) {
    await refuse(`a put of ${what}`, [], [put(key, '1')]);
    await refuse(`a delete of ${what}`, [], [gone(key)]);
    await refuse(`a check of ${what}`, [at(key, 1n)], []);
  }
  const numbered = (count, make) => Array.from({ length: count }, (_, n) => make(`n/${n}`));
  await refuse('a value of 524,289 bytes', [], [put('a', 'v'.repeat(VALUE_BYTES_MAX + 1))]);
  const wide = 'é'.repeat(VALUE_BYTES_MAX / 2 + 1);
  await refuse('a value of 524,290 bytes in 262,145 characters', [], [put('a', wide)]);
  await refuse('a value with U+0000', [], [put('a', '"\0"')]);
  await refuse('two puts of one key', [], [put('a', '1'), put('a', '2')]);
  await refuse('a put and a delete of one key', [], [put('a', '1'), gone('a')]);
  await refuse('two checks of one key', [at('k', 1n), at('k', 2n)], []);
  await refuse('a check of absence without a put', [absent('a')], []);
  await refuse('a check of absence with a delete', [absent('a')], [gone('a')]);
  await refuse('a commit of 1,001 checks', numbered(COMMIT_CHECKS_MAX + 1, (key) => at(key, 1n)), []);
  await refuse('a commit of 1,001 mutations', [], numbered(COMMIT_MUTATIONS_MAX, gone));
  const large = numbered(16, (key) => put(key, 'v'.repeat(VALUE_BYTES_MAX)));
  await refuse('a commit of more than 8,388,608 bytes', [], large);
}
