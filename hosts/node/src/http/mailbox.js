// The place where one waiter finds its completions and its signal.

import { clearTimeout, setImmediate, setTimeout } from '../support/timers.js';

// The longest delay of a timer.
const TIMER_MS_MAX = 2_147_483_647;

/** Completions and at most one signal for one waiter. */
export class Mailbox {
  #completions = [];
  #signal = 'none';
  #wakeUp = null;
  #keepsAlive;
  /** True if the waiter has seen the drain signal. */
  drainSeen = false;

  /** @param {boolean} keepsAlive true if a process with nothing else to do waits for this waiter */
  constructor(keepsAlive) {
    this.#keepsAlive = keepsAlive;
  }

  /** True if there is neither a completion nor a signal. */
  get isEmpty() {
    return this.#completions.length === 0 && this.#signal === 'none';
  }

  /**
   * Adds a completion. The waiter returns after this turn of the event loop, with the other completions of the turn.
   */
  put(completion) {
    this.#completions.push(completion);
    if (this.#completions.length === 1) {
      setImmediate(() => this.#wakeUp?.());
    }
  }

  /** Sets the signal, and ends the wait. */
  signal(signal) {
    this.drainSeen ||= signal === 'drain';
    this.#signal = signal;
    this.#wakeUp?.();
  }

  /** Returns the contents and removes them. */
  take() {
    const taken = { completions: this.#completions, signal: this.#signal };
    this.#completions = [];
    this.#signal = 'none';
    return taken;
  }

  /**
   * Waits for a completion or a signal. After the longest delay of a timer it ends early, and the component waits
   * again.
   */
  sleep(timeoutMs) {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#wakeUp(), Math.min(timeoutMs, TIMER_MS_MAX));
      if (!this.#keepsAlive) {
        timer.unref();
      }
      this.#wakeUp = () => {
        clearTimeout(timer);
        this.#wakeUp = null;
        resolve();
      };
    });
  }
}
