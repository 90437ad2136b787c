// The stores against the contract, by this package's kit, and by the Rust kit through this package's driver.

import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { CASES } from '../../src/kit/cases.js';
import { temporaryFolder } from '../support/open.js';
import { startPostgres } from '../support/postgres.js';

const RUST = process.env.HOOKWRIGHT_BIN;
const COMMAND = fileURLToPath(new URL('../../bin/hookwright.js', import.meta.url));
const store = (name) => fileURLToPath(new URL(`../stores/${name}.js`, import.meta.url));
const run = promisify(execFile);
let server;

before(async () => { server = await startPostgres(); });
after(() => server?.stop());

async function checkHere(...args) {
  return (await run(process.execPath, [COMMAND, 'check-storage', ...args])).stdout;
}

async function checkInRust(...args) {
  const driver = [process.execPath, COMMAND, 'storage-driver', ...args];
  return (await run(RUST, ['check-storage', '--', ...driver])).stdout;
}

test("the memory store passes this package's kit", async () => {
  assert.match(await checkHere(store('memory')), /\n26 passed, 0 failed, 4 skipped\n$/);
});

test("the SQLite store passes the cases of this package's kit with reopening and crashes", async (t) => {
  const file = path.join(temporaryFolder(t), 'kit.db');
  assert.match(await checkHere(store('sqlite'), file, '--case', ' after '), /\n3 passed, 0 failed, 0 skipped\n$/);
});

// Runs the command. Returns its exit code and its output.
async function runCommand(...args) {
  try {
    return { code: 0, output: (await run(process.execPath, [COMMAND, ...args])).stdout };
  } catch ({ code, stderr }) {
    return { code, output: stderr };
  }
}

test('the command exits with 0 after help, and with 2 after a wrong command line', async () => {
  const help = /--case TEXT/;
  const rows = [
    { name: 'no matching case', args: ['check-storage', store('memory'), '--case', 'a typo'], code: 2, output: /contains `a typo`/ },
    { name: 'a wrong timeout', args: ['check-storage', store('memory'), '--call-timeout-s', 'x'], code: 2, output: /is `x`/ },
    { name: 'an option without its value', args: ['check-storage', '--case'], code: 2, output: /--case/ },
    { name: 'no store', args: ['check-storage'], code: 2, output: help },
    { name: 'an unknown command', args: ['nonsense'], code: 2, output: help },
    { name: 'check-storage --help', args: ['check-storage', '--help'], code: 0, output: help },
    { name: 'check-storage -h', args: ['check-storage', '-h'], code: 0, output: help },
    { name: 'storage-driver --help', args: ['storage-driver', '--help'], code: 0, output: help },
    { name: '--help', args: ['--help'], code: 0, output: help },
  ];
  for (const { name, args, ...expected } of rows) {
    const actual = await runCommand(...args);
    assert.equal(actual.code, expected.code, name);
    assert.match(actual.output, expected.output, name);
  }
});

test("a faulty store fails this package's kit", async () => {
  const refused = await checkHere(store('broken')).catch(({ code, stdout }) => ({ code, stdout }));
  assert.equal(refused.code, 1, String(refused));
  for (const rule of ['a version is never reused', 'absence is checked', 'each of several checks can fail a commit']) {
    assert.match(refused.stdout, new RegExp(`^FAIL {2}${rule}: `, 'm'));
  }
});

const skip = RUST === undefined && 'HOOKWRIGHT_BIN is not set';

test('both kits have the same cases', { skip }, () => {
  const names = execFileSync(RUST, ['check-storage', '--list'], { encoding: 'utf8' }).trim().split('\n');
  assert.deepEqual(CASES.map(({ name }) => name), names);
});

test('the PostgreSQL store passes the Rust kit', { skip }, async () => {
  assert.match(await checkInRust(store('postgres'), server.url), /\n30 passed, 0 failed, 0 skipped\n$/);
});

test('the SQLite store passes the Rust kit', { skip }, async (t) => {
  assert.match(await checkInRust(store('sqlite'), path.join(temporaryFolder(t), 'kit.db')), /\n30 passed, 0 failed, 0 skipped\n$/);
});
