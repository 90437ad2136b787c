// The completion queue of one instance: `submit` and `wait` of `wit/http.wit`.

import { monotonicMs } from '../support/timers.js';
import { Mailbox } from './mailbox.js';

/** The requests of one instance. */
export class Queue {
  #client;
  #signals;
  #mailbox;
  // The function that aborts each request in flight, by the request's id.
  #inFlight = new Map();

  /** @param {boolean} keepsAlive true if a process with nothing else to do waits for this instance */
  constructor(client, signals, keepsAlive) {
    this.#client = client;
    this.#signals = signals;
    this.#mailbox = new Mailbox(keepsAlive);
  }

  /** Sends requests. */
  submit(requests) {
    for (const request of requests) {
      const startedMs = monotonicMs();
      // The entry comes first, because the client may refuse a request at once.
      this.#inFlight.set(request.id, () => {});
      const abort = this.#client.send(request, (outcome) => {
        const durationMs = Math.round(monotonicMs() - startedMs);
        this.#mailbox.put({ id: request.id, durationMs, outcome });
      });
      this.#inFlight.set(request.id, abort);
    }
  }

  /** Waits for completions or a signal, for at most `timeoutMs`. Returns a result or a promise of one. */
  wait(timeoutMs) {
    const result = this.#signals.waitAt(this.#mailbox, { inFlight: this.#inFlight.size > 0, timeoutMs });
    return result instanceof Promise ? result.then((later) => this.#reported(later)) : this.#reported(result);
  }

  /** Aborts the requests in flight, and ends the wait. */
  dispose() {
    this.#mailbox.signal('drain');
    for (const abort of this.#inFlight.values()) {
      abort();
    }
    this.#inFlight.clear();
  }

  #reported(result) {
    for (const { id } of result.completions) {
      this.#inFlight.delete(id);
    }
    return result;
  }
}
