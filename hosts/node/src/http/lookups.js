// DNS lookups with bounds, so that a name whose servers are slow delays other names little. Each of the system's
// lookups occupies a thread until it ends. There are few of them: half of UV_THREADPOOL_SIZE, which is 2 by default.

import { LOOKUPS_MAX, LOOKUP_SLOW_MS, SLOW_LOOKUPS_MAX, SLOW_NAMES_MAX } from '../support/limits.js';
import { monotonicMs } from '../support/timers.js';

/** Lookups through a network. Their results are not cached. */
export class Lookups {
  #network;
  // The running and the waiting lookups by name, oldest first.
  #lookups = new Map();
  #running = 0;
  #slowRunning = 0;
  // The names whose last lookup was slow.
  #slowNames = new Set();

  constructor(network) {
    this.#network = network;
  }

  /** Returns the addresses of a name. Callers that ask for it meanwhile share the lookup. The signal ends the wait. */
  lookup(name, signal) {
    let lookup = this.#lookups.get(name);
    if (lookup === undefined) {
      lookup = { name, callers: 0, slow: this.#slowNames.has(name), running: false, found: Promise.withResolvers() };
      // The last caller may have left when the lookup fails.
      lookup.found.promise.catch(() => {});
      this.#lookups.set(name, lookup);
    }
    lookup.callers += 1;
    const waiting = until(lookup.found.promise, signal).finally(() => this.#leave(lookup));
    this.#runNext();
    return waiting;
  }

  // A lookup that has not started is dropped with its last caller.
  #leave(lookup) {
    lookup.callers -= 1;
    if (lookup.callers === 0 && !lookup.running && this.#lookups.get(lookup.name) === lookup) {
      this.#lookups.delete(lookup.name);
    }
  }

  #runNext() {
    for (const lookup of this.#lookups.values()) {
      if (this.#running >= LOOKUPS_MAX) {
        return;
      }
      if (!lookup.running && !(lookup.slow && this.#slowRunning >= SLOW_LOOKUPS_MAX)) {
        this.#run(lookup);
      }
    }
  }

  async #run(lookup) {
    const { name, slow, found } = lookup;
    lookup.running = true;
    this.#running += 1;
    this.#slowRunning += slow ? 1 : 0;
    const startedMs = monotonicMs();
    try {
      found.resolve(await this.#network.lookup(name));
    } catch (error) {
      found.reject(error);
    }
    this.#running -= 1;
    this.#slowRunning -= slow ? 1 : 0;
    this.#lookups.delete(name);
    this.#remember(name, monotonicMs() - startedMs);
    this.#runNext();
  }

  #remember(name, durationMs) {
    this.#slowNames.delete(name);
    if (durationMs > LOOKUP_SLOW_MS) {
      if (this.#slowNames.size >= SLOW_NAMES_MAX) {
        this.#slowNames.clear();
      }
      this.#slowNames.add(name);
    }
  }
}

function until(found, signal) {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(new Error('the name servers did not answer in time'));
    found.then(resolve, reject).finally(() => signal?.removeEventListener('abort', onAbort));
    signal?.addEventListener('abort', onAbort, { once: true });
    if (signal?.aborted) {
      onAbort();
    }
  });
}
