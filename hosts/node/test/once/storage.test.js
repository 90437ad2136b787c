// The stores against the contract: this package's kit, and the Rust kit through this package's driver, of which each holds the
// other honest.

import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { CASES } from '../../src/kit/cases.js';
import { temporaryFolder } from '../support/hooks.js';
import { startPostgres } from '../support/postgres.js';

const RUST = process.env.HOOKWRIGHT_BIN;
const COMMAND = fileURLToPath(new URL('../../bin/hookwright.js', import.meta.url));
const store = (name) => fileURLToPath(new URL(`../stores/${name}.js`, import.meta.url));
const run = promisify(execFile);
let server;

before(async () => { server = await startPostgres(); });
after(() => server?.stop());

async function own(...args) {
  return (await run(process.execPath, [COMMAND, 'check-storage', ...args])).stdout;
}

async function rust(...args) {
  const driver = [process.execPath, COMMAND, 'storage-driver', ...args];
  return (await run(RUST, ['check-storage', '--', ...driver])).stdout;
}

test("memory, by this package's kit", async () => {
  assert.match(await own(store('memory')), /\n26 passed, 0 failed, 4 skipped\n$/);
});

test("sqlite, by this package's kit: what closes and crashes", async (t) => {
  const file = path.join(temporaryFolder(t), 'kit.db');
  assert.match(await own(store('sqlite'), file, '--case', ' after '), /\n3 passed, 0 failed, 0 skipped\n$/);
});

test('a command line that makes no sense tries nothing', async () => {
  const outcome = (...args) => run(process.execPath, [COMMAND, ...args]).then(({ stdout }) => [0, stdout], ({ code, stderr }) => [code, stderr]);
  const rows = [
    [['check-storage', store('memory'), '--case', 'a typo'], 2, /no case's name contains `a typo`/],
    [['check-storage', '--case'], 2, /--case/],
    [['check-storage'], 2, /--case TEXT/],
    [['check-storage', '--help'], 0, /--case TEXT/],
    [['check-storage', '-h'], 0, /--case TEXT/],
    [['storage-driver', '--help'], 0, /--case TEXT/],
    [['--help'], 0, /--case TEXT/],
    [['nonsense'], 2, /--case TEXT/],
  ];
  for (const [args, code, said] of rows) {
    const [came, text] = await outcome(...args);
    assert.equal(came, code, args.join(' '));
    assert.match(text, said, args.join(' '));
  }
});

test("a store that breaks rules, by this package's kit", async () => {
  const refused = await own(store('broken')).catch(({ code, stdout }) => ({ code, stdout }));
  assert.equal(refused.code, 1, String(refused));
  for (const rule of ['a version is never reused', 'absence is checked', 'every check of many counts']) {
    assert.match(refused.stdout, new RegExp(`^FAIL {2}${rule}: `, 'm'));
  }
});

const skip = RUST === undefined && 'HOOKWRIGHT_BIN is not set';

test('the kits have the same cases', { skip }, () => {
  const names = execFileSync(RUST, ['check-storage', '--list'], { encoding: 'utf8' }).trim().split('\n');
  assert.deepEqual(CASES.map(({ name }) => name), names);
});

test('postgres, by the Rust kit', { skip }, async () => {
  assert.match(await rust(store('postgres'), server.url), /\n30 passed, 0 failed, 0 skipped\n$/);
});

test('sqlite, by the Rust kit', { skip }, async (t) => {
  assert.match(await rust(store('sqlite'), path.join(temporaryFolder(t), 'kit.db')), /\n30 passed, 0 failed, 0 skipped\n$/);
});
