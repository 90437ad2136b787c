// The background workers of a Hookwright: on a thread of their own if the store can be opened there, otherwise on the
// caller's thread. Neither keeps a finished process alive.

import { LocalWorkers } from './local.js';
import { ThreadWorkers } from './thread-workers.js';

/**
 * Starts background workers. They have `started`, a promise that is rejected if they cannot start, `signalWork()`, and
 * `stop(timeoutMs)`.
 * @param {import('../component/make.js').Setup & { egress: object }} setup
 * @param {{ count: number, ownThread: boolean }} workers
 */
export function startWorkers(setup, { count, ownThread }) {
  return ownThread ? new ThreadWorkers(setup, count) : new LocalWorkers(setup, count);
}
