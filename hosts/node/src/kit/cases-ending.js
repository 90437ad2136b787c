// Cases in which connections end, properly or in the middle of a commit, and others come after them.

import { setTimeout as sleep } from 'node:timers/promises';
import { all, at, commit, fail, getOne, gone, holds, put, row, same, set } from './words.js';

const CRASHES = 20;
// The longest time between an answer and the kill: about what a commit takes.
const PAUSE_MS_MAX = 4;

export async function reopened(subject) {
  const store = await subject.connect();
  for (let n = 0; n < 30; n += 1) {
    await set(store, `k/${String(n).padStart(2, '0')}`, `"${n} é"`);
  }
  await commit(store, [], [gone('k/07'), put('k/08', '2')]);
  const before = await all(store);
  await subject.end('closed');
  const later = await subject.connect();
  same('all rows after reopening', await all(later), before);
  await commit(later, [at('k/08', (await row(later, 'k/08')).version)], [put('k/08', '3')]);
}

export async function versionsAfterReopening(subject) {
  const seen = [];
  for (let round = 0; round < 4; round += 1) {
    const store = await subject.connect();
    for (const key of ['k', 'newest']) {
      const version = await set(store, key, '1');
      const what = `the version of ${key} after the store was reopened ${round} times`;
      holds(!seen.includes(version), what, `none of ${seen}`, version);
      seen.push(version);
    }
    // The rows with the highest versions go, and with them what a store could count from.
    await commit(store, [], [gone('newest'), gone('k')]);
    await subject.end('closed');
  }
}

export async function crash(subject) {
  const known = { number: 0, version: 0n, seen: [] };
  for (let n = 0; n < CRASHES; n += 1) {
    const store = await subject.connect();
    const target = known.number + 1 + (n * 5) % 6;
    let killing = null;
    await write(store, known, () => {
      if (known.number >= target) {
        // Any moment will do: this one is somewhere in the commit that is under way.
        killing ??= sleep((n * 7) % (PAUSE_MS_MAX + 1)).then(() => subject.end('killed'));
      }
    });
    await killing;
    await look(await subject.connect(), known);
  }
}

// Commits until one is not answered. Each puts `x` and `y` and one row of its own, and deletes the one before.
async function write(store, known, answered) {
  for (;;) {
    const number = known.number + 1;
    const text = String(number);
    const checks = known.version === 0n ? [] : [at('x', known.version)];
    const rows = [put('x', text), gone(`row/${known.number}`), put(`row/${number}`, text), put('y', text)];
    try {
      const [version] = await store.commit(checks, rows);
      holds(!known.seen.includes(version), `the version of commit ${number}`, 'one that never was', version);
      known.number = number;
      known.version = version;
      known.seen.push(version);
      answered();
    } catch (error) {
      if (error.kind === 'unknown') {
        return;
      }
      if (error.kind !== 'not-applied') {
        fail('a commit before the crash', 'success', error.message);
      }
    }
  }
}

// After a crash: all of the last answered commit, or all of the one that was under way.
async function look(store, known) {
  const x = await row(store, 'x');
  const last = known.number;
  const what = `x after a crash, commit ${last} being the last that was answered`;
  holds([`${last}`, `${last + 1}`].includes(x.value), what, `${last}, or ${last + 1} if it landed`, x.value);
  same('y, which is always written with x', (await row(store, 'y')).value, x.value);
  const number = Number(x.value);
  same('the row that is always written with x', (await row(store, `row/${number}`)).value, x.value);
  same('the row that the same commit deletes', await getOne(store, `row/${number - 1}`), undefined);
  if (number === last) {
    same('the version of x, which nobody has written since', x.version, known.version);
    return;
  }
  holds(!known.seen.includes(x.version), 'the version of the commit under way', 'one that never was', x.version);
  known.seen.push(x.version);
  Object.assign(known, { number, version: x.version });
}

// One process dies in the middle of commits; the other must not wait for its locks.
export async function others(subject) {
  const [victim, survivor] = [await subject.connect(), await subject.connect()];
  await set(survivor, 'shared', '0');
  let answered = 0;
  let killing = null;
  for (;;) {
    try {
      await victim.commit([], [put('shared', '1'), put('other', '1')]);
      answered += 1;
    } catch (error) {
      if (error.kind === 'unknown') {
        break;
      }
    }
    if (answered === 3) {
      killing ??= subject.end('firstKilled');
    }
  }
  await killing;
  holds(answered >= 3, 'commits before the crash', 'at least 3', answered);
  const version = await set(survivor, 'shared', '2');
  await commit(survivor, [at('shared', version)], [put('shared', '3'), put('other', '3')]);
  same('the row that both wrote', (await row(await subject.connect(), 'shared')).value, '3');
}
