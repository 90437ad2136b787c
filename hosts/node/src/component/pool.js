// A pool of instances for calls. It keeps idle instances, replaces those that trapped, and bounds their number.

import { INSTANCES_IDLE_MAX, INSTANCES_MAX } from '../support/limits.js';

/** Instances made by `make`. Each makes one call at a time. */
export class Pool {
  #make;
  #idle = [];
  #busy = 0;
  #waiting = [];

  constructor(make) {
    this.#make = make;
  }

  /**
   * Runs a call on a free instance. A call inside a platform's transaction never waits for other calls, because one of
   * them may wait for a row that this transaction has locked.
   */
  async run(call, { inTransaction = false, signal } = {}) {
    signal?.throwIfAborted();
    if (this.#busy >= INSTANCES_MAX && !inTransaction) {
      await this.#turn(signal);
    } else {
      this.#busy += 1;
    }
    let instance;
    try {
      instance = this.#idle.pop() ?? await this.#make();
      return await call(instance);
    } finally {
      this.#release(instance);
    }
  }

  /** Ends the idle instances. The busy ones finish their calls. */
  dispose() {
    for (const instance of this.#idle.splice(0)) {
      instance.dispose();
    }
  }

  #turn(signal) {
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.#waiting.splice(this.#waiting.indexOf(turn), 1);
        reject(signal.reason);
      };
      const turn = () => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiting.push(turn);
    });
  }

  #release(instance) {
    if (instance !== undefined && !instance.ended) {
      if (this.#idle.length < INSTANCES_IDLE_MAX) {
        this.#idle.push(instance);
      } else {
        instance.dispose();
      }
    }
    // The next call takes over this call's place, so the number of busy instances stays.
    const next = this.#busy <= INSTANCES_MAX ? this.#waiting.shift() : undefined;
    if (next === undefined) {
      this.#busy -= 1;
    } else {
      next();
    }
  }
}
