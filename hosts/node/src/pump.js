// The pump in the background: on a thread of its own where the store can be taken there, else on the caller's.

import { makeInstance } from './blueprint.js';
import { startThread } from './thread.js';
import { Wakes } from './wakes.js';
import { work } from './worker.js';

/** Starts workers, on a thread of their own or on this one. None of them keeps a finished process alive. */
export function startPump(blueprint, { workers, ownThread }) {
  return ownThread ? new ThreadPump(blueprint, workers) : new LocalPump(blueprint, workers);
}

class LocalPump {
  #wakes = new Wakes();
  #ended;

  constructor(blueprint, workers) {
    const make = () => makeInstance(blueprint, this.#wakes, false);
    this.#ended = Promise.all(Array.from({ length: workers }, () => work(make, this.#wakes, blueprint.world.log)));
  }

  wake() {
    this.#wakes.work();
  }

  /** Starts nothing new, and waits until what is in flight has been settled. */
  async stop() {
    this.#wakes.drain();
    await this.#ended;
  }
}

class ThreadPump {
  #blueprint;
  #workers;
  #thread;
  #ended;
  #stopping = false;

  constructor(blueprint, workers) {
    this.#blueprint = blueprint;
    this.#workers = workers;
    this.#start();
  }

  wake() {
    this.#thread.postMessage('work');
  }

  /** Starts nothing new, and waits until what is in flight has been settled. */
  async stop() {
    this.#stopping = true;
    this.#thread.ref();
    this.#thread.postMessage('drain');
    await this.#ended;
  }

  #start() {
    const { config, egress, storage, world } = this.#blueprint;
    const workerData = { config, egress, portable: storage.portable, workers: this.#workers };
    const thread = startThread(new URL('./pump-thread.js', import.meta.url), workerData);
    this.#thread = thread;
    thread.on('message', ({ log }) => world.log(...log));
    thread.on('error', (error) => world.log('error', `the pump's thread ended: ${error.stack ?? error}`));
    // Not before somebody listens: that is what would keep the process alive.
    thread.unref();
    this.#ended = new Promise((resolve) => {
      thread.on('exit', () => {
        resolve();
        // All state is in the store: whatever has ended it, another goes on.
        if (!this.#stopping) {
          setTimeout(() => this.#stopping || this.#start(), 1_000).unref();
        }
      });
    });
  }
}
