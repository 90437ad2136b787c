// Cases with several writers and readers at once, each with a connection of its own.

import {
  absent, all, at, commit, fail, getAll, getOne, gone, holds, keysOf, put, REPEATS_MAX, row, same, set, tryCommit,
} from './words.js';

const WRITERS = 4;

// Runs the function for each writer, all starting together, and collects what they answer.
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
    const version = await set(one, 'k', String(round));
    const seen = await row(other, 'k');
    same('the row as another connection reads it', [seen.value, seen.version], [String(round), version]);
    same('all rows as another connection reads them', await all(other), [seen]);
    await commit(other, [at('k', version)], [gone('k')]);
    same('the row after another connection deleted it', await getOne(one, 'k'), undefined);
  }
}

export async function counter(subject) {
  const each = 50;
  await set(await subject.connect(), 'counter', '0');
  await race(subject, async (store) => {
    let done = 0;
    for (let n = 0; n < REPEATS_MAX * each && done < each; n += 1) {
      const found = await row(store, 'counter');
      const mutation = put('counter', String(Number(found.value) + 1));
      const { failed } = await tryCommit(store, [at('counter', found.version)], [mutation]);
      done += failed === undefined ? 1 : 0;
    }
    holds(done === each, 'incrementing a counter', 'that it succeeds at last', `${done} increments of ${each}`);
  });
  const sum = (await row(await subject.connect(), 'counter')).value;
  same('a counter after 200 increments by 4 connections', sum, String(WRITERS * each));
}

export async function inserts(subject) {
  const keys = Array.from({ length: 50 }, (_, n) => `k/${String(n).padStart(2, '0')}`);
  const wins = await race(subject, async (store, writer) => {
    const won = [];
    for (const key of keys) {
      const { failed } = await tryCommit(store, [absent(key)], [put(key, String(writer))]);
      won.push(...(failed === undefined ? [key] : []));
    }
    return won;
  });
  same('the keys that were won, each once', wins.flat().sort(), keys);
  const store = await subject.connect();
  for (const [writer, won] of wins.entries()) {
    for (const key of won) {
      same(`the winner of ${key}`, (await row(store, key)).value, String(writer));
    }
  }
}

// Each of two commits checks the row that the other one changes. In whichever order they happen, the check of the second
// fails; a store that guards only what a commit changes lets both through.
export async function unchangedRows(subject) {
  const [one, other] = [await subject.connect(), await subject.connect()];
  for (let round = 0; round < 200; round += 1) {
    const [a, b] = await commit(one, [], [put('a', '1'), put('b', '1')]);
    const outcomes = await Promise.all([
      tryCommit(one, [at('b', b)], [put('a', '0')]),
      tryCommit(other, [at('a', a)], [put('b', '0')]),
    ]);
    const won = outcomes.filter(({ failed }) => failed === undefined).length;
    same(`the commits applied of two that each check the row which the other changes, in round ${round}`, won, 1);
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
  same('the last value written', (await row(reader, 'a')).value, String(rounds));
}

async function readPair(store) {
  const got = (await getAll(store, ['b', 'a'])).map((found) => found?.value);
  holds(got[0] === got[1], 'one get of two rows that are always written together', 'one snapshot', got);
  const scanned = (await all(store)).map(({ value }) => value);
  const isOne = scanned.length === 2 && scanned[0] === scanned[1];
  holds(isOne, 'one scan of two rows that are always written together', 'one snapshot', scanned);
}

export async function oppositeOrders(subject) {
  await race(subject, async (store, writer) => {
    const rows = ['a', 'b', 'c', 'd'].map((key) => put(key, String(writer)));
    const ordered = writer % 2 === 1 ? rows.toReversed() : rows;
    for (let n = 0; n < 50; n += 1) {
      // Without checks there is nothing to lose to, so every one of them is applied.
      await commit(store, [], ordered);
    }
  });
  const rows = await all(await subject.connect());
  same('the keys', keysOf(rows), ['a', 'b', 'c', 'd']);
  const distinct = new Set(rows.map(({ value }) => value));
  holds(distinct.size === 1, 'the values of rows always written together', 'all of one commit', [...distinct]);
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
  same('the distinct versions of 100 puts of one key', distinct.size, WRITERS * rounds);
  const last = (await row(await subject.connect(), 'shared')).version;
  if (!distinct.has(last)) {
    fail('the version that is read at the end', 'one that was answered to somebody', last);
  }
}
