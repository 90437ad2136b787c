// Instances for calls: kept while they are good, made anew after a trap, and no more of them than a bound.

import { INSTANCES_IDLE_MAX, INSTANCES_MAX } from './limits.js';

/** Instances that `make` makes. Each carries one call at a time. */
export class Pool {
  #make;
  #idle = [];
  #busy = 0;
  #waiting = [];

  constructor(make) {
    this.#make = make;
  }

  /**
   * Runs a call on an instance that is free. One that is inside a platform's transaction never waits for another: what
   * goes before it may wait for a row that this very transaction has.
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

  /** Ends the instances that are idle; those at work end with their calls. */
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
    if (instance !== undefined && !instance.trapped) {
      if (this.#idle.length < INSTANCES_IDLE_MAX) {
        this.#idle.push(instance);
      } else {
        instance.dispose();
      }
    }
    // A turn is handed over, not given back: the count of those at work stays.
    const next = this.#busy <= INSTANCES_MAX ? this.#waiting.shift() : undefined;
    if (next === undefined) {
      this.#busy -= 1;
    } else {
      next();
    }
  }
}
