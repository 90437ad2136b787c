// How an instance is made, on whichever thread: what it is told, what it is given.

import { compile } from './component.js';
import { Queue } from './http/queue.js';
import { Instance } from './instance.js';

/** A configured instance of the suspending kind, with requests that the client makes and waits that the wakes end. */
export async function makeInstance({ config, storage, world, client }, wakes, keepsAlive) {
  const modules = await compile();
  const queue = new Queue(client, wakes, keepsAlive);
  const instance = new Instance(modules, world, queue, { synchronously: false });
  instance.storage = storage;
  await instance.call(({ webhooks }) => webhooks.configure(config));
  return instance;
}

/** A configured instance of the synchronous kind. It makes no requests. */
export function makeSyncInstance(modules, { config, world }) {
  const instance = new Instance(modules, world, null, { synchronously: true });
  instance.callSync(({ webhooks }) => webhooks.configure(config));
  return instance;
}
