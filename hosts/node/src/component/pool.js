// A pool of instances for calls. It keeps the instances of a burst for the next one, replaces those that trapped, and
// bounds their number.

import { INSTANCE_IDLE_MS_MAX, INSTANCES_IDLE_MIN, INSTANCES_MAX } from '../support/limits.js';
import { monotonicMs, setTimeout } from '../support/timers.js';

/** Instances made by `make`. Each makes one call at a time. */
export class Pool {
  #make;
  // The instances that no call uses, with the time since when. The last one is used first.
  #idle = [];
  #trimming = null;
  #inUse = new Set();
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
      instance = this.#idle.pop()?.instance ?? await this.#make();
      this.#inUse.add(instance);
      return await call(instance);
    } finally {
      this.#inUse.delete(instance);
      this.#release(instance);
    }
  }

  /** Ends every instance, and with it its call. */
  dispose() {
    for (const { instance } of this.#idle.splice(0)) {
      instance.dispose();
    }
    for (const instance of this.#inUse) {
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
      if (this.#idle.length < INSTANCES_MAX) {
        this.#idle.push({ instance, sinceMs: monotonicMs() });
        this.#trimLater();
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

  // Ends the instances that the last burst has left over.
  #trimLater() {
    if (this.#idle.length > INSTANCES_IDLE_MIN) {
      this.#trimming ??= setTimeout(() => {
        this.#trimming = null;
        const leftMs = monotonicMs() - INSTANCE_IDLE_MS_MAX;
        while (this.#idle.length > INSTANCES_IDLE_MIN && this.#idle[0].sinceMs <= leftMs) {
          this.#idle.shift().instance.dispose();
        }
        this.#trimLater();
      }, INSTANCE_IDLE_MS_MAX).unref();
    }
  }
}
