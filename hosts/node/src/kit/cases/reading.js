// Cases about `get` and `scan`.

import { GET_KEYS_MAX, KEY_BYTES_MAX, SCAN_ENTRIES_MAX, VALUE_BYTES_MAX } from '../../support/limits.js';
import { commit, getRows, keysOf, put, putRow, requireRow, scan, scanAll } from '../calls.js';
import { equal, isTrue } from '../expect.js';

export async function empty(store) {
  equal('get', await getRows(store, ['a', 'b']), [undefined, undefined]);
  equal('get of nothing', await getRows(store, []), []);
  equal('all rows', await scanAll(store), []);
}

// The keys have the first and the last characters of each part of the alphabet, alone and behind another one, and the
// longest key.
export async function order(store) {
  const longest = 'a'.repeat(KEY_BYTES_MAX);
  const sorted = [
    '-', '.', '/', '0', '00', '9', '_', 'a', 'a-', 'a.', 'a/', 'a/a', 'a0', 'a9', 'a_', 'aa', longest, 'az', 'b', 'z', 'zz',
  ];
  for (let nth = 0; nth < sorted.length; nth += 1) {
    // The order of the puts is not that of the keys: 8 and the number of keys have no common divisor.
    await putRow(store, sorted[(nth * 8) % sorted.length], '1');
  }
  equal('the keys of a scan', keysOf(await scanAll(store)), sorted);
  equal('the keys of a reverse scan', keysOf(await scan(store, '!', '~', 100, 'reverse')), sorted.toReversed());
}

export async function halfOpen(store) {
  for (const key of ['a', 'a/1', 'a/2', 'a/3', 'a0', 'b']) {
    await putRow(store, key, '1');
  }
  const check = async (start, end, expected) => {
    const between = `from ${start} to ${end}`;
    equal(`a scan ${between}`, keysOf(await scan(store, start, end, 10)), expected);
    equal(`a reverse scan ${between}`, keysOf(await scan(store, start, end, 10, 'reverse')), expected.toReversed());
  };
  await check('a/1', 'a/3', ['a/1', 'a/2']);
  await check('a/1', 'a/1', []);
  await check('a/3', 'a/1', []);
  await check('a/1', 'a/1-', ['a/1']);
  await check('a/', 'a0', ['a/1', 'a/2', 'a/3']);
  await check('a/', 'a/~', ['a/1', 'a/2', 'a/3']);
  await check('a', 'b', ['a', 'a/1', 'a/2', 'a/3', 'a0']);
  await check('c', 'd', []);
}

export async function limits(store) {
  const rows = Array.from({ length: SCAN_ENTRIES_MAX + 1 }, (_, n) => put(`n/${String(n).padStart(4, '0')}`, '1'));
  await commit(store, [], rows.slice(1));
  await commit(store, [], rows.slice(0, 1));
  const check = async (limit, order, expected) =>
    equal(`a scan of ${limit} rows`, keysOf(await scan(store, 'n/', 'n0', limit, order)), expected);
  await check(1, 'forward', ['n/0000']);
  await check(1, 'reverse', ['n/1000']);
  await check(3, 'reverse', ['n/1000', 'n/0999', 'n/0998']);
  const most = await scan(store, 'n/', 'n0', SCAN_ENTRIES_MAX);
  equal('the rows of the longest scan', most.length, SCAN_ENTRIES_MAX);
  equal('the last row of the longest scan', most.at(-1).key, 'n/0999');
}

export async function get(store) {
  const a = await putRow(store, 'a', '"first"');
  const b = await putRow(store, 'b', '"second"');
  const [first, second] = [{ key: 'a', value: '"first"', version: a }, { key: 'b', value: '"second"', version: b }];
  const plain = (found) => found.map((one) => one && { key: one.key, value: one.value, version: one.version });
  const found = plain(await getRows(store, ['b', 'none', 'a', 'b']));
  equal('get of b, none, a, b', found, [second, undefined, first, second]);
  const many = Array.from({ length: GET_KEYS_MAX }, (_, n) => (n === 500 ? 'a' : `none/${n}`));
  const positions = (await getRows(store, many)).flatMap((one, position) => (one === undefined ? [] : [position]));
  equal('the positions of rows in a get of 1,000 keys', positions, [500]);
}

export async function values(store) {
  const texts = [
    '{}', '"\\u0000"', '" a  "', '1 ', '"\u0001\r\n\t"', '"\'; -- \\ % _ ?1 $1 :a"', '"\u{10ffff}😀\ufeff"',
    '"e\u0301 \u00e9 \u00df \u2028"',
  ];
  for (const value of texts) {
    await putRow(store, 'k', value);
    equal('the value from get', (await requireRow(store, 'k')).value, value);
    equal('the value from scan', (await scanAll(store))[0]?.value, value);
  }
}

export async function largestValue(store) {
  for (const filling of ['x', 'é', '😀']) {
    const room = VALUE_BYTES_MAX - 2;
    const bytes = Buffer.byteLength(filling);
    const value = `"${filling.repeat(Math.floor(room / bytes))}${'x'.repeat(room % bytes)}"`;
    await putRow(store, 'k', value);
    const check = (found) => isTrue(found === value, 'a value of 524,288 bytes', 'the whole value', `${found?.length} characters`);
    check((await requireRow(store, 'k')).value);
    check((await scanAll(store))[0]?.value);
  }
}
