// The completion queue of one instance.

import { Mailbox } from '../wakes.js';

/** The requests of one instance. `dispose` gives up those in flight. */
export class Queue {
  #client;
  #wakes;
  #mailbox;
  #inFlight = new Map();

  /** @param {boolean} keepsAlive whether a process with nothing else to do waits with this instance */
  constructor(client, wakes, keepsAlive) {
    this.#client = client;
    this.#wakes = wakes;
    this.#mailbox = new Mailbox(keepsAlive);
  }

  submit(requests) {
    for (const request of requests) {
      const begun = performance.now();
      // Noted first: a request may be refused at once.
      this.#inFlight.set(request.id, () => {});
      const abandon = this.#client.send(request, (outcome) => {
        const durationMs = Math.round(performance.now() - begun);
        this.#mailbox.put({ id: request.id, durationMs, outcome });
      });
      this.#inFlight.set(request.id, abandon);
    }
  }

  wait(timeoutMs) {
    const waited = this.#wakes.waitAt(this.#mailbox, this.#inFlight.size > 0, timeoutMs);
    return waited instanceof Promise ? waited.then((result) => this.#seen(result)) : this.#seen(waited);
  }

  dispose() {
    for (const abandon of this.#inFlight.values()) {
      abandon();
    }
    this.#inFlight.clear();
  }

  #seen(result) {
    for (const { id } of result.completions) {
      this.#inFlight.delete(id);
    }
    return result;
  }
}
