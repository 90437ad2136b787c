// Makes `component/` before `npm pack`: from the file that HOOKWRIGHT_COMPONENT names, or from the one that
// `cargo xtask build` has written. Without either, a complete `component/` is packed as it is. The repository contains
// none.

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const CORES = ['component.core.wasm', 'component.core2.wasm', 'component.core3.wasm'];
const PARTS = ['suspending.js', 'synchronous.js', ...CORES];

const target = process.env.CARGO_TARGET_DIR ?? path.join(ROOT, '../../target');
const component = process.env.HOOKWRIGHT_COMPONENT ?? path.join(target, 'release/hookwright.wasm');
const missing = PARTS.filter((name) => !existsSync(path.join(ROOT, 'component', name)));

if (existsSync(component)) {
  prepare();
} else if (missing.length > 0) {
  fail(`component/ has no ${missing.join(', ')}, and there is no ${component}: run \`cargo xtask build\``);
}

function prepare() {
  if (!existsSync(path.join(ROOT, 'node_modules/@bytecodealliance/jco-transpile'))) {
    fail('the component cannot be transpiled, because node_modules/ has no jco: run `npm ci`');
    return;
  }
  const args = ['scripts/transpile.js', path.resolve(component)];
  execFileSync(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'] });
}

function fail(reason) {
  process.stderr.write(`${reason}\n`);
  process.exitCode = 1;
}
