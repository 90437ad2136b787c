// Makes configured instances, on the caller's thread or on a worker's.

import { Queue } from '../http/queue.js';
import { compile } from './compile.js';
import { Instance } from './instance.js';

/**
 * The parts of an instance.
 * @typedef {{ config: object, storage: object, world: import('./world.js').World, client: object }} Setup
 */

/**
 * Returns a configured instance with suspending bindings. `signals` end its waits. With `keepsAlive`, a process with
 * nothing else to do waits for the instance.
 * @param {Setup} setup
 */
export async function makeInstance({ config, storage, world, client }, { signals, keepsAlive }) {
  const modules = await compile();
  const queue = new Queue(client, signals, keepsAlive);
  const instance = new Instance(modules, world, queue, { synchronously: false });
  instance.storage = storage;
  await instance.call(({ webhooks }) => webhooks.configure(config));
  return instance;
}

/** Returns a configured instance with synchronous bindings. It makes no requests. */
export function makeSyncInstance(modules, { config, world }) {
  const instance = new Instance(modules, world, null, { synchronously: true });
  instance.callSync(({ webhooks }) => webhooks.configure(config));
  return instance;
}
