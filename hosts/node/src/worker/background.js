// The background workers of a Hookwright: on a thread of their own if the store can be opened there, otherwise on the
// caller's thread. Neither keeps a finished process alive.

import { makeInstance } from '../component/make.js';
import { Signals } from '../http/signals.js';
import { THREAD_RESTART_MS } from '../support/limits.js';
import { startThread } from '../support/thread.js';
import { deliverUntilDrained } from './run.js';

/**
 * Starts background workers.
 * @param {import('../component/make.js').Setup & { egress: object }} setup
 * @param {{ count: number, ownThread: boolean }} workers
 */
export function startWorkers(setup, { count, ownThread }) {
  return ownThread ? new ThreadWorkers(setup, count) : new LocalWorkers(setup, count);
}

class LocalWorkers {
  #signals = new Signals();
  #ended;

  constructor(setup, count) {
    const signals = this.#signals;
    const make = () => makeInstance(setup, { signals, keepsAlive: false });
    this.#ended = Promise.all(Array.from({ length: count }, () => deliverUntilDrained(make, signals, setup.world.log)));
  }

  signalWork() {
    this.#signals.work();
  }

  /** Starts no new attempts. Resolves when the attempts in flight are settled. */
  async stop() {
    this.#signals.drain();
    await this.#ended;
  }
}

class ThreadWorkers {
  #setup;
  #count;
  #thread;
  #ended;
  #stopping = false;

  constructor(setup, count) {
    this.#setup = setup;
    this.#count = count;
    this.#start();
  }

  signalWork() {
    this.#thread.postMessage('work');
  }

  /** Starts no new attempts. Resolves when the attempts in flight are settled. */
  async stop() {
    this.#stopping = true;
    this.#thread.ref();
    this.#thread.postMessage('drain');
    await this.#ended;
  }

  #start() {
    const { config, egress, storage, world } = this.#setup;
    const workerData = { config, egress, portable: storage.portable, count: this.#count };
    const thread = startThread(new URL('./thread.js', import.meta.url), workerData);
    this.#thread = thread;
    thread.on('message', ({ log }) => world.log(...log));
    thread.on('error', (error) => world.log('error', `the worker thread ended: ${error.stack ?? error}`));
    // After the listeners: each `on` would keep the process alive again.
    thread.unref();
    this.#ended = new Promise((resolve) => {
      thread.on('exit', () => {
        resolve();
        // All state is in the store, so a new thread continues where this one ended.
        if (!this.#stopping) {
          setTimeout(() => this.#stopping || this.#start(), THREAD_RESTART_MS).unref();
        }
      });
    });
  }
}
