// Cases of calls that break a rule. A store refuses each of them as `invalid`, and applies nothing.

import {
  COMMIT_CHECKS_MAX, COMMIT_MUTATIONS_MAX, GET_KEYS_MAX, KEY_BYTES_MAX, SCAN_ENTRIES_MAX, VALUE_BYTES_MAX,
} from '../../support/limits.js';
import { hasVersion, isAbsent, put, putRow, remove, scanAll } from '../calls.js';
import { equal, fail } from '../expect.js';

// Invalid keys, and their faults.
const INVALID_KEYS = [
  ['an empty key', ''],
  ['a key in upper case', 'A'],
  ['a key with a space', 'a b'],
  ['a key beyond ASCII', 'ä'],
  ['a key with U+0000', 'a\0'],
  ['a key with a colon', 'a:'],
  ['a key with a tilde', 'a~'],
  ['a key of 256 bytes', 'a'.repeat(KEY_BYTES_MAX + 1)],
];

async function expectInvalid(rule, call) {
  let actual = 'success';
  try {
    await call();
  } catch (error) {
    if (error.kind === 'invalid') {
      return;
    }
    actual = `${error.kind ?? error.name}: ${error.message}`;
  }
  fail(rule, 'an error of the kind invalid', actual);
}

export async function refusedReads(store) {
  for (const [fault, key] of INVALID_KEYS) {
    await expectInvalid(`a get of ${fault}`, () => store.get(['a', key]));
  }
  await expectInvalid('a get of 1,001 keys', () => store.get(Array(GET_KEYS_MAX + 1).fill('a')));
  for (const [start, end] of [['', 'b'], ['a', ''], ['ä', 'b'], ['a', '\u007f'], ['a b', 'c']]) {
    await expectInvalid(`a scan from ${start} to ${end}`, () => store.scan({ start, end }, 1, 'forward'));
  }
  await expectInvalid('a scan of no rows', () => store.scan({ start: 'a', end: 'b' }, 0, 'forward'));
  await expectInvalid('a scan of 1,001 rows', () => store.scan({ start: 'a', end: 'b' }, SCAN_ENTRIES_MAX + 1, 'reverse'));
}

export async function refusedCommits(store) {
  await putRow(store, 'k', '1');
  const before = await scanAll(store);
  const expectRefused = async (rule, checks, mutations) => {
    // The first mutation is valid. A store that stops halfway has applied it.
    await expectInvalid(rule, () => store.commit(checks, [put('valid', '1'), ...mutations]));
    equal(`the rows after ${rule} was refused`, await scanAll(store), before);
  };
  for (const [fault, key] of INVALID_KEYS) {
    await expectRefused(`a put of ${fault}`, [], [put(key, '1')]);
    await expectRefused(`a delete of ${fault}`, [], [remove(key)]);
    await expectRefused(`a check of ${fault}`, [hasVersion(key, 1n)], []);
  }
  const numbered = (count, make) => Array.from({ length: count }, (_, n) => make(`n/${n}`));
  await expectRefused('a value of 524,289 bytes', [], [put('a', 'v'.repeat(VALUE_BYTES_MAX + 1))]);
  const wide = 'é'.repeat(VALUE_BYTES_MAX / 2 + 1);
  await expectRefused('a value of 524,290 bytes in 262,145 characters', [], [put('a', wide)]);
  await expectRefused('a value with U+0000', [], [put('a', '"\0"')]);
  await expectRefused('two puts of one key', [], [put('a', '1'), put('a', '2')]);
  await expectRefused('a put and a delete of one key', [], [put('a', '1'), remove('a')]);
  await expectRefused('two checks of one key', [hasVersion('k', 1n), hasVersion('k', 2n)], []);
  await expectRefused('a check of absence without a put', [isAbsent('a')], []);
  await expectRefused('a check of absence with a delete', [isAbsent('a')], [remove('a')]);
  await expectRefused('a commit of 1,001 checks', numbered(COMMIT_CHECKS_MAX + 1, (key) => hasVersion(key, 1n)), []);
  await expectRefused('a commit of 1,001 mutations', [], numbered(COMMIT_MUTATIONS_MAX, remove));
  const large = numbered(16, (key) => put(key, 'v'.repeat(VALUE_BYTES_MAX)));
  await expectRefused('a commit of more than 8,388,608 bytes', [], large);
}
