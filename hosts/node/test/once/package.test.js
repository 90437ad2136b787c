// The tarball: installed into an empty folder, it runs the README's example.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
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
    JSON.parse(execFileSync('npm', ['pack', '--json', '--pack-destination', folder], { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'ignore'] }));
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

test('npm pack fails without the component', (t) => {
  const folder = temporaryFolder(t);
  for (const part of ['src', 'bin', 'scripts', 'package.json', 'README.md', 'LICENSE']) {
    cpSync(path.join(ROOT, part), path.join(folder, part), { recursive: true });
  }
  assert.throws(() => execFileSync('npm', ['pack'], { cwd: folder, env, encoding: 'utf8', stdio: 'pipe' }), /component\/ has no/);
  assert.deepEqual(readdirSync(folder).filter((name) => name.endsWith('.tgz')), []);
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
