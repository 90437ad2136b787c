// Look-ups of names, so that a name whose servers do not answer holds up itself and little else. The system's resolver takes a
// thread for each and gives none of them up, and there are few threads: half of UV_THREADPOOL_SIZE, which is two of four.

import { LOOKUPS_MAX, LOOKUP_SLOW_MS, SLOW_LOOKUPS_MAX, SLOW_NAMES_MAX } from '../limits.js';

/** Look-ups over a network's. Nothing is kept of what they find. */
export class Lookups {
  #lookup;
  // By name, those that run and those that wait, in the order in which they came.
  #all = new Map();
  #running = 0;
  #slowRunning = 0;
  // Names that took long the last time.
  #slow = new Set();

  constructor(network) {
    this.#lookup = (name) => network.lookup(name);
  }

  /** The addresses of a name. Whoever asks while it is being looked up shares the answer. The signal ends the wait. */
  lookup(name, signal) {
    let one = this.#all.get(name);
    if (one === undefined) {
      one = { name, wanted: 0, slow: this.#slow.has(name), running: false, found: Promise.withResolvers() };
      // Nobody may be left to hear of it.
      one.found.promise.catch(() => {});
      this.#all.set(name, one);
    }
    one.wanted += 1;
    const waiting = until(one.found.promise, signal).finally(() => this.#left(one));
    this.#next();
    return waiting;
  }

  #left(one) {
    one.wanted -= 1;
    if (one.wanted === 0 && !one.running && this.#all.get(one.name) === one) {
      this.#all.delete(one.name);
    }
  }

  #next() {
    for (const one of this.#all.values()) {
      if (this.#running >= LOOKUPS_MAX) {
        return;
      }
      if (!one.running && !(one.slow && this.#slowRunning >= SLOW_LOOKUPS_MAX)) {
        this.#run(one);
      }
    }
  }

  async #run(one) {
    one.running = true;
    this.#running += 1;
    this.#slowRunning += one.slow ? 1 : 0;
    const begun = performance.now();
    try {
      one.found.resolve(await this.#lookup(one.name));
    } catch (error) {
      one.found.reject(error);
    }
    this.#running -= 1;
    this.#slowRunning -= one.slow ? 1 : 0;
    this.#all.delete(one.name);
    this.#slow.delete(one.name);
    if (performance.now() - begun > LOOKUP_SLOW_MS) {
      if (this.#slow.size >= SLOW_NAMES_MAX) {
        this.#slow.clear();
      }
      this.#slow.add(one.name);
    }
    this.#next();
  }
}

function until(found, signal) {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(new Error('no answer in time'));
    found.then(resolve, reject).finally(() => signal?.removeEventListener('abort', onAbort));
    signal?.addEventListener('abort', onAbort, { once: true });
    if (signal?.aborted) {
      onAbort();
    }
  });
}
