// Cases in which connections are closed, or killed in the middle of a commit, and later connections read the store.

import { setTimeout as sleep } from 'node:timers/promises';
import { commit, getRow, hasVersion, put, putRow, remove, requireRow, scanAll } from '../calls.js';
import { equal, fail, isTrue } from '../expect.js';

const CRASHES = 20;
// The longest time between a completed commit and the kill: about the duration of a commit.
const PAUSE_MS_MAX = 4;

export async function reopened(subject) {
  const store = await subject.connect();
  for (let n = 0; n < 30; n += 1) {
    await putRow(store, `k/${String(n).padStart(2, '0')}`, `"${n} é"`);
  }
  await commit(store, [], [remove('k/07'), put('k/08', '2')]);
  const before = await scanAll(store);
  await subject.end('closed');
  const later = await subject.connect();
  equal('all rows after reopening', await scanAll(later), before);
  await commit(later, [hasVersion('k/08', (await requireRow(later, 'k/08')).version)], [put('k/08', '3')]);
}

export async function versionsAfterReopening(subject) {
  const seen = [];
  for (let round = 0; round < 4; round += 1) {
    const store = await subject.connect();
    for (const key of ['k', 'newest']) {
      const version = await putRow(store, key, '1');
      const what = `the version of ${key} after ${round} reopenings of the store`;
      isTrue(!seen.includes(version), what, `none of ${seen}`, version);
      seen.push(version);
    }
    // Without the rows of the highest versions, a store cannot count on from them.
    await commit(store, [], [remove('newest'), remove('k')]);
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
        // The moment is somewhere in the next commit. Its exact place does not matter.
        killing ??= sleep((n * 7) % (PAUSE_MS_MAX + 1)).then(() => subject.end('killed'));
      }
    });
    await killing;
    await checkAfterCrash(await subject.connect(), known);
  }
}

// Commits until the store is killed. Each commit puts `x`, `y` and a row of its own, and deletes the row of the commit
// before.
async function write(store, known, onCommitted) {
  for (;;) {
    const number = known.number + 1;
    const text = String(number);
    const checks = known.version === 0n ? [] : [hasVersion('x', known.version)];
    const rows = [put('x', text), remove(`row/${known.number}`), put(`row/${number}`, text), put('y', text)];
    try {
      const [version] = await store.commit(checks, rows);
      isTrue(!known.seen.includes(version), `the version of commit ${number}`, 'a new one', version);
      known.number = number;
      known.version = version;
      known.seen.push(version);
      onCommitted();
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

// Checks the rows after a crash: those of the last completed commit, or those of the interrupted one, and no mixture.
async function checkAfterCrash(store, known) {
  const x = await requireRow(store, 'x');
  const last = known.number;
  const what = `x after a crash, with ${last} as the last completed commit`;
  isTrue([`${last}`, `${last + 1}`].includes(x.value), what, `${last}, or ${last + 1} if the interrupted commit was applied`, x.value);
  equal('y, which every commit writes together with x', (await requireRow(store, 'y')).value, x.value);
  const number = Number(x.value);
  equal('the row that the same commit writes', (await requireRow(store, `row/${number}`)).value, x.value);
  equal('the row that the same commit deletes', await getRow(store, `row/${number - 1}`), undefined);
  if (number === last) {
    equal('the version of x, which no commit has written since', x.version, known.version);
    return;
  }
  isTrue(!known.seen.includes(x.version), 'the version of the interrupted commit', 'a new one', x.version);
  known.seen.push(x.version);
  Object.assign(known, { number, version: x.version });
}

// One process is killed during its commits. The other must not wait for its locks.
export async function others(subject) {
  const [victim, survivor] = [await subject.connect(), await subject.connect()];
  await putRow(survivor, 'shared', '0');
  let completed = 0;
  let killing = null;
  for (;;) {
    try {
      await victim.commit([], [put('shared', '1'), put('other', '1')]);
      completed += 1;
    } catch (error) {
      if (error.kind === 'unknown') {
        break;
      }
    }
    if (completed === 3) {
      killing ??= subject.end('firstKilled');
    }
  }
  await killing;
  isTrue(completed >= 3, 'commits before the crash', 'at least 3', completed);
  const version = await putRow(survivor, 'shared', '2');
  await commit(survivor, [hasVersion('shared', version)], [put('shared', '3'), put('other', '3')]);
  equal('the row that both processes wrote', (await requireRow(await subject.connect(), 'shared')).value, '3');
}
