// Cases of `commit` with one writer.

import { COMMIT_BYTES_MAX, COMMIT_CHECKS_MAX, COMMIT_MUTATIONS_MAX } from '../../support/limits.js';
import {
  commit, expectConflict, getRow, hasVersion, isAbsent, keysOf, put, putRow, remove, requireRow, scanAll,
} from '../calls.js';
import { equal, isTrue } from '../expect.js';

export async function versions(store) {
  await putRow(store, 'm', '0');
  const returned = await commit(store, [], [put('z', '1'), remove('m'), put('a', '2'), put('k', '3')]);
  const read = [];
  for (const key of ['z', 'a', 'k']) {
    read.push((await requireRow(store, key)).version);
  }
  equal('the returned versions, in the order of the puts z, a, k', returned, read);
  const again = await putRow(store, 'a', '2');
  isTrue(again !== read[1], 'the version after the same value was put again', 'a new one', again);
  equal('the version that is read afterwards', (await requireRow(store, 'a')).version, again);
  equal('the version of a row that the commit did not change', (await requireRow(store, 'z')).version, read[0]);
}

export async function neverReused(store) {
  const seen = [await putRow(store, 'k', '1')];
  for (let round = 0; round < 5; round += 1) {
    await commit(store, [], [remove('k')]);
    // In turns into an empty store, and beside a newer row.
    await commit(store, [], [round % 2 === 0 ? put('other', '1') : remove('other')]);
    const version = await putRow(store, 'k', '1');
    isTrue(!seen.includes(version), `the version of k after ${round + 1} deletes`, `none of ${seen}`, version);
    seen.push(version);
  }
  await expectConflict('a check of a version from before a delete', store, [hasVersion('k', seen[0])], [put('k', '2')], [0]);
}

export async function conflict(store) {
  const a = await putRow(store, 'a', '1');
  const b = await putRow(store, 'b', '1');
  const before = await scanAll(store);
  const mutations = [put('new', '1'), put('a', '2'), remove('b')];
  await expectConflict('a check of a wrong version', store, [hasVersion('a', a), hasVersion('b', b + 1_000n)], mutations, [1]);
  await expectConflict('a check of the absence of a present row', store, [isAbsent('a'), hasVersion('b', b)], mutations, [0]);
  equal('the rows after two conflicts', await scanAll(store), before);
  await commit(store, [hasVersion('a', a), hasVersion('b', b)], mutations);
  equal('the keys after the commit', keysOf(await scanAll(store)), ['a', 'new']);
  await expectConflict('a repetition of the commit', store, [hasVersion('a', a), hasVersion('b', b)], mutations.slice(0, 2), [0, 1]);
}

// A store may name only some of the failed checks, but never a check that holds.
export async function conflictIndexes(store) {
  const version = await putRow(store, 'held', '1');
  await putRow(store, 'there', '1');
  const checks = [hasVersion('held', version), hasVersion('gone', 1n), isAbsent('there'), hasVersion('z', 7n), isAbsent('free')];
  const mutations = [put('there', '2'), put('free', '2'), put('held', '2')];
  await expectConflict('a commit with five checks, two of which hold', store, checks, mutations, [1, 2, 3]);
  equal('a row of the refused commit', await getRow(store, 'free'), undefined);
}

export async function absence(store) {
  const [first] = await commit(store, [isAbsent('k')], [put('k', '1')]);
  await expectConflict('an insert of a present row', store, [isAbsent('k')], [put('k', '2')], [0]);
  equal('the value of the present row', (await requireRow(store, 'k')).value, '1');
  await commit(store, [hasVersion('k', first)], [remove('k')]);
  equal('the row after its delete', await getRow(store, 'k'), undefined);
  await commit(store, [isAbsent('k')], [put('k', '3')]);
  equal('the value of the second insert', (await requireRow(store, 'k')).value, '3');
}

// Each of five checks fails once, as a check of a version and as a check of absence.
export async function everyCheck(store) {
  const name = (n) => `row/${n}`;
  const rows = [0, 1, 2, 3, 4];
  const written = await commit(store, [], rows.map((n) => put(name(n), '1')));
  const held = rows.map((n) => hasVersion(name(n), written[n]));
  for (const stale of rows) {
    const checksWith = (version) => held.map((check, n) => (n === stale ? { ...check, version } : check));
    const wrong = `5 checks, the one at ${stale} of a wrong version`;
    await expectConflict(wrong, store, checksWith(written[stale] + 1_000n), [put('x', '1')], [stale]);
    const none = `5 checks, the one at ${stale} of the absence of a present row`;
    await expectConflict(none, store, checksWith(undefined), [put('x', '1'), put(name(stale), '2')], [stale]);
  }
  await commit(store, held, [put('x', '1')]);
}

export async function checkAlone(store) {
  const version = await putRow(store, 'k', '1');
  await commit(store, [hasVersion('k', version)], []);
  await expectConflict('a check without a mutation', store, [hasVersion('k', version + 1n)], [], [0]);
  await commit(store, [], []);
  equal('the version of a row that a commit only checked', (await requireRow(store, 'k')).version, version);
  // A commit may check one row and change another.
  await commit(store, [hasVersion('k', version)], [put('other', '1')]);
  equal('the version of a row that was checked while another one was changed', (await requireRow(store, 'k')).version, version);
}

export async function unknownVersions(store) {
  await putRow(store, 'k', '1');
  for (const version of [0n, 2n ** 63n - 1n, 2n ** 63n + 1n, 2n ** 64n - 1n]) {
    for (const key of ['k', 'none']) {
      await expectConflict(`the version ${version} of ${key}`, store, [hasVersion(key, version)], [put('k', '2')], [0]);
    }
  }
}

export async function deleteMissing(store) {
  await commit(store, [], [remove('none')]);
  await putRow(store, 'k', '1');
  await commit(store, [], [remove('none'), remove('k')]);
  equal('all rows', await scanAll(store), []);
}

export async function largestCommit(store) {
  const names = Array.from({ length: COMMIT_MUTATIONS_MAX }, (_, n) => `n/${String(n).padStart(4, '0')}`);
  const written = await commit(store, [], names.map((name) => put(name, '1')));
  const checks = names.slice(0, COMMIT_CHECKS_MAX).map((name, n) => hasVersion(name, written[n]));
  await commit(store, checks, names.map(remove));
  equal('the rows after 1,000 deletes', (await scanAll(store)).length, 0);
  // 16 rows, each with a key of 3 bytes and a value. Together they have exactly the bytes of the largest commit.
  const value = 'v'.repeat(COMMIT_BYTES_MAX / 16 - 3);
  await commit(store, [], Array.from({ length: 16 }, (_, n) => put(`b${n + 10}`, value)));
  const whole = (await scanAll(store)).filter((one) => one.value === value).length;
  equal('the unchanged values of a commit of 8,388,608 bytes', whole, 16);
}
