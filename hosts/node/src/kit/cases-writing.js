// Cases about `commit`, one writer at a time.

import { COMMIT_BYTES_MAX, COMMIT_CHECKS_MAX, COMMIT_MUTATIONS_MAX } from '../support/limits.js';
import { absent, all, at, commit, conflicts, getOne, gone, holds, keysOf, put, row, same, set } from './words.js';

export async function versions(store) {
  await set(store, 'm', '0');
  const answered = await commit(store, [], [put('z', '1'), gone('m'), put('a', '2'), put('k', '3')]);
  const read = [];
  for (const key of ['z', 'a', 'k']) {
    read.push((await row(store, key)).version);
  }
  same('the versions answered, in the order of the puts z, a, k', answered, read);
  const again = await set(store, 'a', '2');
  holds(again !== read[1], 'the version after the same value was put again', 'another than before', again);
  same('the version read after that', (await row(store, 'a')).version, again);
  same('the version of a row that was not touched', (await row(store, 'z')).version, read[0]);
}

export async function neverReused(store) {
  const seen = [await set(store, 'k', '1')];
  for (let round = 0; round < 5; round += 1) {
    await commit(store, [], [gone('k')]);
    // Once into an empty store, once with another row that is newer.
    await commit(store, [], [round % 2 === 0 ? put('other', '1') : gone('other')]);
    const version = await set(store, 'k', '1');
    holds(!seen.includes(version), `the version of k after ${round + 1} deletes`, `none of ${seen}`, version);
    seen.push(version);
  }
  await conflicts('a check of a version from before a delete', store, [at('k', seen[0])], [put('k', '2')], [0]);
}

export async function conflict(store) {
  const a = await set(store, 'a', '1');
  const b = await set(store, 'b', '1');
  const before = await all(store);
  const mutations = [put('new', '1'), put('a', '2'), gone('b')];
  await conflicts("a version that is not the row's", store, [at('a', a), at('b', b + 1_000n)], mutations, [1]);
  await conflicts('the absence of a row that is there', store, [absent('a'), at('b', b)], mutations, [0]);
  same('the rows after two conflicts', await all(store), before);
  await commit(store, [at('a', a), at('b', b)], mutations);
  same('the keys after the commit', keysOf(await all(store)), ['a', 'new']);
  await conflicts('the same commit once more', store, [at('a', a), at('b', b)], mutations.slice(0, 2), [0, 1]);
}

// A store may name only some of the failed checks, but never one that held.
export async function conflictIndexes(store) {
  const version = await set(store, 'held', '1');
  await set(store, 'there', '1');
  const checks = [at('held', version), at('gone', 1n), absent('there'), at('z', 7n), absent('free')];
  const mutations = [put('there', '2'), put('free', '2'), put('held', '2')];
  await conflicts('five checks of which two hold', store, checks, mutations, [1, 2, 3]);
  same('a row of the commit that failed', await getOne(store, 'free'), undefined);
}

export async function absence(store) {
  const [first] = await commit(store, [absent('k')], [put('k', '1')]);
  await conflicts('an insert of a row that is there', store, [absent('k')], [put('k', '2')], [0]);
  same('its value', (await row(store, 'k')).value, '1');
  await commit(store, [at('k', first)], [gone('k')]);
  same('the row after its delete', await getOne(store, 'k'), undefined);
  await commit(store, [absent('k')], [put('k', '3')]);
  same('the value of the second insert', (await row(store, 'k')).value, '3');
}

// Whichever of many checks it is that fails, and of whichever sort.
export async function everyCheck(store) {
  const name = (n) => `row/${n}`;
  const rows = [0, 1, 2, 3, 4];
  const written = await commit(store, [], rows.map((n) => put(name(n), '1')));
  const held = rows.map((n) => at(name(n), written[n]));
  for (const stale of rows) {
    const with_ = (version) => held.map((check, n) => (n === stale ? { ...check, version } : check));
    const wrong = `5 checks, number ${stale} of a wrong version`;
    await conflicts(wrong, store, with_(written[stale] + 1_000n), [put('x', '1')], [stale]);
    const none = `5 checks, number ${stale} of an absence that is none`;
    await conflicts(none, store, with_(undefined), [put('x', '1'), put(name(stale), '2')], [stale]);
  }
  await commit(store, held, [put('x', '1')]);
}

export async function checkAlone(store) {
  const version = await set(store, 'k', '1');
  await commit(store, [at('k', version)], []);
  await conflicts('a check without a mutation', store, [at('k', version + 1n)], [], [0]);
  await commit(store, [], []);
  same('the version of a row that was checked alone', (await row(store, 'k')).version, version);
  // The row that is checked need not be one that is changed.
  await commit(store, [at('k', version)], [put('other', '1')]);
  same('the version of a row that was checked while another changed', (await row(store, 'k')).version, version);
}

export async function unknownVersions(store) {
  await set(store, 'k', '1');
  for (const version of [0n, 2n ** 63n - 1n, 2n ** 63n + 1n, 2n ** 64n - 1n]) {
    for (const key of ['k', 'none']) {
      await conflicts(`the version ${version} of ${key}`, store, [at(key, version)], [put('k', '2')], [0]);
    }
  }
}

export async function deleteMissing(store) {
  await commit(store, [], [gone('none')]);
  await set(store, 'k', '1');
  await commit(store, [], [gone('none'), gone('k')]);
  same('all rows', await all(store), []);
}

export async function largestCommit(store) {
  const names = Array.from({ length: COMMIT_MUTATIONS_MAX }, (_, n) => `n/${String(n).padStart(4, '0')}`);
  const written = await commit(store, [], names.map((name) => put(name, '1')));
  const checks = names.slice(0, COMMIT_CHECKS_MAX).map((name, n) => at(name, written[n]));
  await commit(store, checks, names.map(gone));
  same('the rows after 1,000 deletes', (await all(store)).length, 0);
  // 16 rows, each a 3-byte key and a value, of exactly the bytes that a commit may have.
  const value = 'v'.repeat(COMMIT_BYTES_MAX / 16 - 3);
  await commit(store, [], Array.from({ length: 16 }, (_, n) => put(`b${n + 10}`, value)));
  const whole = (await all(store)).filter((one) => one.value === value).length;
  same('the whole values of a commit of 8,388,608 bytes', whole, 16);
}
