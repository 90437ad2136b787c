// Compiles the transpiled component once, and instantiates it.
//
// The same machine code has two sets of bindings. With `suspending`, imports may return promises (JSPI). With
// `synchronous`, a call is complete when it returns.

import { readFile } from 'node:fs/promises';
import { instantiate as suspending } from '../../component/suspending.js';
import { instantiate as synchronous } from '../../component/synchronous.js';

const WEBHOOKS = 'hookwright:webhooks/webhooks@0.1.0';
const CONSOLE = 'hookwright:webhooks/console@0.1.0';
const RECEIVER = 'hookwright:webhooks/receiver@0.1.0';
const CORES = ['component.core.wasm', 'component.core2.wasm', 'component.core3.wasm'];

let compiling;

/** Returns the compiled core modules by name. Compiles them at the first call. */
export function compile() {
  compiling ??= Promise.all(CORES.map(async (name) => {
    const bytes = await readFile(new URL(`../../component/${name}`, import.meta.url));
    return [name, await WebAssembly.compile(bytes)];
  })).then((modules) => new Map(modules)).catch((error) => {
    // The next call tries again: the cause may be temporary, such as a lack of file handles.
    compiling = undefined;
    throw error;
  });
  return compiling;
}

/**
 * Returns the exports of a new instance.
 * @param modules the result of `compile`
 * @param imports the world's interfaces by their short names
 */
export function instantiate(modules, imports, { synchronously }) {
  const bind = synchronously ? synchronous : suspending;
  const world = bind((name) => modules.get(name), {
    'hookwright:webhooks/storage': imports.storage,
    'hookwright:webhooks/http': imports.http,
    'hookwright:webhooks/log': imports.log,
    'wasi:clocks/wall-clock': imports.clock,
    'wasi:random/random': imports.random,
  });
  return { webhooks: world[WEBHOOKS], console: world[CONSOLE], receiver: world[RECEIVER] };
}
