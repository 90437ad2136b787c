// The tarball: installed into an empty folder, it runs the README's example.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '../support/open.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
// npm may run on another Node. The packages that it installs are for this one.
const env = { ...process.env, PATH: `${path.dirname(process.execPath)}:${process.env.PATH}`, NO_COLOR: '1' };

test('the tarball in an empty folder runs the example of the README', (t) => {
  const folder = temporaryFolder(t);
  const [{ filename, files, unpackedSize }] =
    JSON.parse(execFileSync('npm', ['pack', '--json', '--pack-destination', folder], {
      // Other tests use the component, so it is packed as it is.
      cwd: ROOT, env: { ...env, HOOKWRIGHT_COMPONENT: '' }, stdio: ['ignore', 'pipe', 'ignore'],
    }));
  const names = files.map((file) => file.path);
  for (const name of ['README.md', 'LICENSE', 'src/index.js', 'src/index.d.ts', 'component/component.core.wasm', 'bin/hookwright.js']) {
    assert.ok(names.includes(name), `${name} is not in the tarball`);
  }
  assert.deepEqual(names.filter((name) => /test|examples|bench|scripts/.test(name)), []);
  t.diagnostic(`${names.length} files, ${unpackedSize} bytes unpacked`);

  const app = path.join(folder, 'app');
  mkdirSync(app);
  writeFileSync(path.join(app, 'package.json'), '{"private":true}');
  execFileSync('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', path.join(folder, filename)], { cwd: app, env, stdio: 'pipe' });
  writeFileSync(path.join(app, 'example.mjs'), example());
  const said = execFileSync(process.execPath, ['example.mjs'], { cwd: app, env, encoding: 'utf8', timeout: 60_000 });
  assert.match(said, /^\{"type":"invoice\.paid",.*"amount":4200.*\} \(verified: true\)\n$/);

  const listed = execFileSync('npx', ['hookwright', 'check-storage', '--list'], { cwd: app, env, encoding: 'utf8' });
  assert.equal(listed.trim().split('\n').length, 30);
});

// Copies the package without its component. `linked` are entries that the copy shares.
function copyPackage(t, linked = []) {
  const folder = temporaryFolder(t);
  for (const part of ['src', 'bin', 'scripts', 'package.json', 'README.md', 'LICENSE']) {
    cpSync(path.join(ROOT, part), path.join(folder, part), { recursive: true });
  }
  for (const part of linked) {
    symlinkSync(path.join(ROOT, part), path.join(folder, part));
  }
  return folder;
}

function pack(folder, more = {}) {
  const { HOOKWRIGHT_COMPONENT, CARGO_TARGET_DIR, ...others } = env;
  const options = { cwd: folder, env: { ...others, ...more }, encoding: 'utf8', stdio: 'pipe' };
  return JSON.parse(execFileSync('npm', ['pack', '--json'], options))[0].files.map((file) => file.path);
}

test('npm pack fails without the component, and says how it is built', (t) => {
  const folder = copyPackage(t);
  assert.throws(() => pack(folder), /component\/ has no .*cargo xtask build/);
  assert.deepEqual(readdirSync(folder).filter((name) => name.endsWith('.tgz')), []);
});

const component = process.env.HOOKWRIGHT_COMPONENT;

test('npm pack builds the component', { skip: component === undefined && 'HOOKWRIGHT_COMPONENT is not set' }, (t) => {
  const packed = (names) => names.filter((name) => name.startsWith('component/')).length;
  assert.equal(packed(pack(copyPackage(t, ['node_modules']), { HOOKWRIGHT_COMPONENT: component })), 5);
  // The output of `cargo xtask build`, in a checkout.
  const built = copyPackage(t, ['node_modules']);
  mkdirSync(path.join(built, 'target/release'), { recursive: true });
  cpSync(component, path.join(built, 'target/release/hookwright.wasm'));
  assert.equal(packed(pack(built, { CARGO_TARGET_DIR: path.join(built, 'target') })), 5);
  assert.throws(() => pack(copyPackage(t), { HOOKWRIGHT_COMPONENT: component }), /npm ci/);
});

test('a Node without JSPI prints one line that says which Node is needed', (t) => {
  const folder = temporaryFolder(t);
  const program = `delete WebAssembly.Suspending; import(${JSON.stringify(path.join(ROOT, 'src/index.js'))})`
    + ".catch((error) => { console.log(error.code); throw error; })";
  const { stdout, stderr, status } = spawnSync(process.execPath, ['-e', program], { cwd: folder, encoding: 'utf8' });
  assert.equal(status, 1);
  assert.equal(stdout, 'HOOKWRIGHT_RUNTIME\n');
  assert.match(stderr, /hookwright needs Node 24 or newer; this is Node \d+/);
  assert.ok(stderr.length < 1_000, `${stderr.length} characters`);
});

test('the types accept correct uses and refuse wrong ones', () => {
  const tsc = fileURLToPath(new URL('../../node_modules/typescript/bin/tsc', import.meta.url));
  try {
    execFileSync(process.execPath, [tsc, '--project', 'test/types'], { cwd: ROOT, encoding: 'utf8' });
  } catch (error) {
    assert.fail(error.stdout);
  }
});

function example() {
  const readme = readFileSync(path.join(ROOT, 'README.md'), 'utf8');
  const [, code] = /<!-- test -->\n```js\n([^]*?)```/.exec(readme);
  return code;
}
