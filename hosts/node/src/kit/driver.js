// A store as the storage kit drives it: calls as lines of JSON on stdin, answers on stdout (`docs/storage-kit.md`).

import { pathToFileURL } from 'node:url';
import { StorageError } from '../storage/errors.js';

const PROTOCOL = 1;

/** Serves the store that a module offers: its default export is `open`, which may be given arguments. */
export async function drive(file, args) {
  const { open, durable } = await offered(file);
  const store = await open(...args);
  await store.createSchema?.();
  const running = new Set();
  for await (const line of linesOf(process.stdin)) {
    const asked = JSON.parse(line);
    const answering = answer(store, asked, durable).then((said) => {
      process.stdout.write(`${JSON.stringify({ id: asked.id, ...said })}\n`);
      running.delete(answering);
    });
    running.add(answering);
  }
  await Promise.all(running);
  await store.close?.();
}

/** Lines end with a line feed and nothing else: a value may hold U+2028, which `readline` takes for an end. */
export async function* linesOf(stream) {
  let rest = [];
  for await (const piece of stream) {
    let from = 0;
    for (let at = piece.indexOf(10); at >= 0; at = piece.indexOf(10, from)) {
      yield Buffer.concat([...rest, piece.subarray(from, at)]).toString();
      rest = [];
      from = at + 1;
    }
    rest.push(piece.subarray(from));
  }
}

/** What a module says about its store. */
export async function offered(file) {
  const module = await import(pathToFileURL(file).href);
  if (typeof module.default !== 'function') {
    throw new TypeError(`${file} exports no function as its default: it should open the store and answer it`);
  }
  return { open: module.default, durable: module.durable ?? true };
}

async function answer(store, asked, durable) {
  try {
    switch (asked.call) {
      case 'open': return { ok: { protocol: PROTOCOL, durable } };
      case 'reset': {
        await removeAll(store);
        return { ok: { protocol: PROTOCOL, durable } };
      }
      case 'get': return { ok: (await store.get(asked.keys)).map((row) => (row === undefined ? null : shown(row))) };
      case 'scan': {
        const range = { start: asked.start, end: asked.end };
        return { ok: (await store.scan(range, asked.limit, asked.order)).map(shown) };
      }
      case 'commit': return { ok: (await commit(store, asked)).map(String) };
      default: throw new Error(`there is no call ${asked.call}`);
    }
  } catch (error) {
    return { error: told(error) };
  }
}

function commit(store, { checks, mutations }) {
  return store.commit(
    checks.map(({ key, version }) => ({ key, version: version === null ? undefined : BigInt(version) })),
    mutations.map(({ put, delete: gone, value }) =>
      put === undefined ? { tag: 'delete', val: gone } : { tag: 'put', val: { key: put, value } }),
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

function shown({ key, value, version }) {
  return { key, value, version: String(version) };
}

function told(error) {
  if (!(error instanceof StorageError)) {
    // A store that throws something else has left the contract; the kit says so.
    return { kind: 'unknown', message: `not a StorageError: ${error?.stack ?? error}` };
  }
  const { tag, val } = error.payload;
  return tag === 'conflict' ? { kind: tag, failed: [...val] } : { kind: tag, message: val };
}
