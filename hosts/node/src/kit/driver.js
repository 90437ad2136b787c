// A driver of a store for the storage kit: calls as lines of JSON on stdin, results on stdout (`docs/storage-kit.md`).

import { pathToFileURL } from 'node:url';
import { StorageError } from '../storage/errors.js';
import { linesOf } from './lines.js';

const PROTOCOL = 1;

/**
 * Serves the store that a module opens. The module's default export is the function that opens it; it gets the
 * arguments.
 */
export async function drive(file, args) {
  const { open, durable } = await load(file);
  const store = await open(...args);
  await store.createSchema?.();
  const running = new Set();
  for await (const line of linesOf(process.stdin)) {
    const call = JSON.parse(line);
    const answering = answer(store, call, durable).then((result) => {
      process.stdout.write(`${JSON.stringify({ id: call.id, ...result })}\n`);
      running.delete(answering);
    });
    running.add(answering);
  }
  await Promise.all(running);
  await store.close?.();
}

async function load(file) {
  const module = await import(pathToFileURL(file).href);
  if (typeof module.default !== 'function') {
    throw new TypeError(`the default export of ${file} is not a function; export a function that opens and returns the store`);
  }
  return { open: module.default, durable: module.durable ?? true };
}

async function answer(store, call, durable) {
  try {
    return { ok: await run(store, call, durable) };
  } catch (error) {
    return { error: errorOf(error) };
  }
}

async function run(store, call, durable) {
  switch (call.call) {
    case 'open':
      return { protocol: PROTOCOL, durable };
    case 'reset':
      await removeAll(store);
      return { protocol: PROTOCOL, durable };
    case 'get':
      return (await store.get(call.keys)).map((row) => (row === undefined ? null : rowOf(row)));
    case 'scan':
      return (await store.scan({ start: call.start, end: call.end }, call.limit, call.order)).map(rowOf);
    case 'commit':
      return (await commit(store, call)).map(String);
    default:
      throw new Error(`this driver has no call ${call.call}`);
  }
}

function commit(store, { checks, mutations }) {
  return store.commit(
    checks.map(({ key, version }) => ({ key, version: version === null ? undefined : BigInt(version) })),
    mutations.map(({ put, delete: removed, value }) =>
      (put === undefined ? { tag: 'delete', val: removed } : { tag: 'put', val: { key: put, value } })),
  );
}

async function removeAll(store) {
  for (;;) {
    const rows = await store.scan({ start: '!', end: '~' }, 1_000, 'forward');
    if (rows.length === 0) {
      return;
    }
    await store.commit([], rows.map(({ key }) => ({ tag: 'delete', val: key })));
  }
}

function rowOf({ key, value, version }) {
  return { key, value, version: String(version) };
}

function errorOf(error) {
  if (!(error instanceof StorageError)) {
    // The contract knows no other error. The kit fails the case with this message.
    return { kind: 'unknown', message: `not a StorageError: ${error?.stack ?? error}` };
  }
  const { tag, val } = error.payload;
  return tag === 'conflict' ? { kind: tag, failed: [...val] } : { kind: tag, message: val };
}
