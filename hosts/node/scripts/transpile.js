// Makes `component/` from the component's file: suspending and synchronous bindings, and the machine code that they
// share.
//
//   node scripts/transpile.js <hookwright.wasm>

import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { transpileBytes } from '@bytecodealliance/jco-transpile';
import { withMemoryMax } from './memory.js';

const OUT = new URL('../component/', import.meta.url);
// The imports that may return promises. `submit` returns at once.
const AWAITED = ['storage#get', 'storage#scan', 'storage#commit', 'http#wait'];
// The largest memory of an instance, as in the Rust host.
const MEMORY_BYTES_MAX = 256 * 1024 * 1024;

// The generated code takes its timers when it is loaded, so that the fake timers of a platform's tests do not stop it.
const TIMERS = 'const{queueMicrotask,setTimeout,clearTimeout,setInterval,clearInterval,setImmediate}=globalThis;';

const component = await readFile(process.argv[2]);
const options = { name: 'component', instantiation: 'sync', minify: true };
const synchronous = await transpileBytes(component, { ...options });
const suspending = await transpileBytes(component, {
  ...options,
  asyncMode: 'jspi',
  asyncImports: AWAITED.map((name) => `hookwright:webhooks/${name.replace('#', '@0.1.0#')}`),
  asyncExports: exported(synchronous.files),
});
for (const [name, bytes] of Object.entries(synchronous.files)) {
  if (name.endsWith('.wasm') && Buffer.compare(bytes, suspending.files[name]) !== 0) {
    throw new Error(`${name} differs between the two sets of bindings, which must share it`);
  }
}
await rm(OUT, { recursive: true, force: true });
await mkdir(OUT, { recursive: true });
await writeFile(new URL('suspending.js', OUT), adapted(suspending.files['component.js']));
await writeFile(new URL('synchronous.js', OUT), adapted(synchronous.files['component.js']));
for (const [name, bytes] of Object.entries(synchronous.files)) {
  if (name.endsWith('.wasm')) {
    const bounded = name === 'component.core.wasm' ? withMemoryMax(bytes, MEMORY_BYTES_MAX) : bytes;
    await writeFile(new URL(name, OUT), bounded);
  }
}

// Returns every function of the exported interfaces. The list comes from the generated types, so that it is complete.
function exported(files) {
  return ['webhooks', 'console'].flatMap((name) => {
    const types = Buffer.from(files[`interfaces/hookwright-webhooks-${name}.d.ts`]).toString();
    const functions = [...types.matchAll(/^export function (\w+)\(/gm)].map(([, camel]) => camel);
    if (functions.length === 0) {
      throw new Error(`the interface ${name} has no functions`);
    }
    const kebab = (camel) => camel.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    return functions.map((camel) => `hookwright:webhooks/${name}@0.1.0#${kebab(camel)}`);
  });
}

// Returns the bindings with timers of their own, and with decoders that keep a leading U+FEFF.
function adapted(source) {
  return TIMERS + keepingBoms(source);
}

// Makes the decoder keep a leading U+FEFF, which it drops by default.
function keepingBoms(source) {
  const text = Buffer.from(source).toString();
  const kept = text.replace(/new TextDecoder(\(\)|(?!\())/g, "new TextDecoder('utf-8',{ignoreBOM:true})");
  if (kept === text) {
    throw new Error('the generated code has no text decoder; adapt this script to the new version of jco');
  }
  return kept;
}
