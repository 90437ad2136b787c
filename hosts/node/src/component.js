// The transpiled component: compiled once, instantiated as often as wanted. One machine code serves both ways in:
// `suspending`, where imports may answer promises (JSPI), and `synchronous`, where a call is over when it returns.

import { readFile } from 'node:fs/promises';
import { instantiate as suspending } from '../component/suspending.js';
import { instantiate as synchronous } from '../component/synchronous.js';

const WEBHOOKS = 'hookwright:webhooks/webhooks@0.1.0';
const CONSOLE = 'hookwright:webhooks/console@0.1.0';
const RECEIVER = 'hookwright:webhooks/receiver@0.1.0';
const CORES = ['component.core.wasm', 'component.core2.wasm', 'component.core3.wasm'];

let compiling;

/** Compiles the component, the first time. */
export function compile() {
  compiling ??= Promise.all(CORES.map(async (name) => {
    const bytes = await readFile(new URL(`../component/${name}`, import.meta.url));
    return [name, await WebAssembly.compile(bytes)];
  })).then((modules) => new Map(modules)).catch((error) => {
    // What fails now, for want of file handles perhaps, may succeed the next time.
    compiling = undefined;
    throw error;
  });
  return compiling;
}

/**
 * Makes an instance. `imports` has the world's interfaces by their short names.
 * @param modules what `compile` answered
 */
export function instantiate(modules, imports, { synchronously }) {
  const make = synchronously ? synchronous : suspending;
  const world = make((name) => modules.get(name), {
    'hookwright:webhooks/storage': imports.storage,
    'hookwright:webhooks/http': imports.http,
    'hookwright:webhooks/log': imports.log,
    'wasi:clocks/wall-clock': imports.clock,
    'wasi:random/random': imports.random,
  });
  return { webhooks: world[WEBHOOKS], console: world[CONSOLE], receiver: world[RECEIVER] };
}
