// Background workers on the caller's thread.

import { makeInstance } from '../component/make.js';
import { HttpClient } from '../http/client.js';
import { Signals } from '../http/signals.js';
import { after } from '../support/timers.js';
import { deliverUntilDrained } from './run.js';

/** Workers on the caller's thread. */
export class LocalWorkers {
  #signals = new Signals();
  #instances = new Set();
  #ended;
  #log;
  #client;
  started = Promise.resolve();

  constructor(setup, count) {
    this.#log = setup.world.log;
    // The application's requests keep a finished process alive, and those of the workers do not.
    if (setup.client instanceof HttpClient) {
      this.#client = new HttpClient({ ...setup.egress, keepsAlive: false });
    }
    const parts = { ...setup, client: this.#client ?? setup.client };
    const make = async () => {
      const instance = await makeInstance(parts, { signals: this.#signals, keepsAlive: false });
      this.#instances.add(instance);
      return instance;
    };
    const run = () => deliverUntilDrained(make, this.#signals, this.#log);
    this.#ended = Promise.all(Array.from({ length: count }, run)).then(() => true);
  }

  signalWork() {
    this.#signals.work();
  }

  /** Starts no new attempts. Resolves when the attempts in flight are settled, or abandons them after the time. */
  async stop(timeoutMs) {
    this.#signals.drain();
    const deadline = after(timeoutMs, false);
    if (!await Promise.race([this.#ended, deadline.reached])) {
      this.#log('warn', stoppedEarly(timeoutMs));
      for (const instance of this.#instances) {
        instance.dispose();
      }
    }
    deadline.stop();
    await this.#client?.close();
  }
}

/** Returns the log line of workers that were stopped with attempts in flight. */
export function stoppedEarly(timeoutMs) {
  return `the workers did not settle their attempts in flight within ${timeoutMs} ms; requests without a recorded `
    + 'outcome are sent again when their leases end';
}
