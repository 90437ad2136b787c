// Cases with several writers and readers at the same time, each with a connection of its own.

import {
  commit, getRow, getRows, hasVersion, isAbsent, keysOf, put, putRow, remove, REPEATS_MAX, requireRow, scanAll, tryCommit,
} from '../calls.js';
import { equal, fail, isTrue } from '../expect.js';

const WRITERS = 4;

// Runs the function for each writer at the same time. Returns the results.
async function race(subject, run) {
  const stores = [];
  for (let n = 0; n < WRITERS; n += 1) {
    stores.push(await subject.connect());
  }
  return Promise.all(stores.map(run));
}

export async function seenByOthers(subject) {
  const [one, other] = [await subject.connect(), await subject.connect()];
  for (let round = 0; round < 20; round += 1) {
    const version = await putRow(one, 'k', String(round));
    const seen = await requireRow(other, 'k');
    equal('the row that another connection reads', [seen.value, seen.version], [String(round), version]);
    equal('all rows that another connection reads', await scanAll(other), [seen]);
    await commit(other, [hasVersion('k', version)], [remove('k')]);
    equal('the row after another connection deleted it', await getRow(one, 'k'), undefined);
  }
}

export async function counter(subject) {
  const increments = 50;
  await putRow(await subject.connect(), 'counter', '0');
  await race(subject, async (store) => {
    let done = 0;
    for (let n = 0; n < REPEATS_MAX * increments && done < increments; n += 1) {
      const found = await requireRow(store, 'counter');
      const mutation = put('counter', String(Number(found.value) + 1));
      const { failed } = await tryCommit(store, [hasVersion('counter', found.version)], [mutation]);
      done += failed === undefined ? 1 : 0;
    }
    isTrue(done === increments, 'incrementing a counter', `${increments} increments`, `${done} increments`);
  });
  const sum = (await requireRow(await subject.connect(), 'counter')).value;
  equal('a counter after 200 increments by 4 connections', sum, String(WRITERS * increments));
}

export async function inserts(subject) {
  const keys = Array.from({ length: 50 }, (_, n) => `k/${String(n).padStart(2, '0')}`);
  const wins = await race(subject, async (store, writer) => {
    const won = [];
    for (const key of keys) {
      const { failed } = await tryCommit(store, [isAbsent(key)], [put(key, String(writer))]);
      won.push(...(failed === undefined ? [key] : []));
    }
    return won;
  });
  equal('the keys that a writer inserted, each of them once', wins.flat().sort(), keys);
  const store = await subject.connect();
  for (const [writer, won] of wins.entries()) {
    for (const key of won) {
      equal(`the writer that inserted ${key}`, (await requireRow(store, key)).value, String(writer));
    }
  }
}

// Each of two commits checks the row that the other one changes. In either order, the check of the second one fails. A
// store that locks only the changed rows applies both.
export async function unchangedRows(subject) {
  const [one, other] = [await subject.connect(), await subject.connect()];
  for (let round = 0; round < 200; round += 1) {
    const [a, b] = await commit(one, [], [put('a', '1'), put('b', '1')]);
    const outcomes = await Promise.all([
      tryCommit(one, [hasVersion('b', b)], [put('a', '0')]),
      tryCommit(other, [hasVersion('a', a)], [put('b', '0')]),
    ]);
    const won = outcomes.filter(({ failed }) => failed === undefined).length;
    equal(`the applied commits of two that check each other's changed row, in round ${round}`, won, 1);
  }
}

export async function snapshots(subject) {
  const rounds = 200;
  const pair = (n) => [put('a', String(n)), put('b', String(n))];
  const [writer, reader] = [await subject.connect(), await subject.connect()];
  await commit(writer, [], pair(0));
  let done = false;
  const writing = (async () => {
    for (let n = 1; n <= rounds; n += 1) {
      await commit(writer, [], pair(n));
    }
  })().finally(() => { done = true; });
  const reading = (async () => {
    for (let last = false; !last;) {
      last = done;
      await readPair(reader);
    }
  })();
  await Promise.all([writing, reading]);
  equal('the last value written', (await requireRow(reader, 'a')).value, String(rounds));
}

async function readPair(store) {
  const got = (await getRows(store, ['b', 'a'])).map((found) => found?.value);
  isTrue(got[0] === got[1], 'one get of two rows that every commit writes together', 'one snapshot', got);
  const scanned = (await scanAll(store)).map(({ value }) => value);
  const isOne = scanned.length === 2 && scanned[0] === scanned[1];
  isTrue(isOne, 'one scan of two rows that every commit writes together', 'one snapshot', scanned);
}

export async function oppositeOrders(subject) {
  await race(subject, async (store, writer) => {
    const rows = ['a', 'b', 'c', 'd'].map((key) => put(key, String(writer)));
    const ordered = writer % 2 === 1 ? rows.toReversed() : rows;
    for (let n = 0; n < 50; n += 1) {
      // A commit without checks cannot be a conflict, so every one of them is applied.
      await commit(store, [], ordered);
    }
  });
  const rows = await scanAll(await subject.connect());
  equal('the keys', keysOf(rows), ['a', 'b', 'c', 'd']);
  const distinct = new Set(rows.map(({ value }) => value));
  isTrue(distinct.size === 1, 'the values of rows that every commit writes together', 'those of one commit', [...distinct]);
}

export async function distinctVersions(subject) {
  const rounds = 25;
  const versions = await race(subject, async (store, writer) => {
    const own = [];
    for (let n = 0; n < rounds; n += 1) {
      own.push((await commit(store, [], [put('shared', '1'), put(`own/${writer}`, '1')]))[0]);
    }
    return own;
  });
  const distinct = new Set(versions.flat());
  equal('the distinct versions of 100 puts of one key', distinct.size, WRITERS * rounds);
  const last = (await requireRow(await subject.connect(), 'shared')).version;
  if (!distinct.has(last)) {
    fail('the version that is read at the end', 'one that a commit returned', last);
  }
}
