// The receivers that accept no HTTP/1.1 over TLS.
//
// Every receiver is offered HTTP/1.1, which all of them speak, and which writes header names as the profile spells them.
// Only a receiver that refuses it in the TLS handshake gets HTTP/2. Nothing has been sent then, so the attempt goes on.

import { HTTP2_RECEIVERS_MAX, HTTP2_REMEMBERED_MS } from '../support/limits.js';
import { monotonicMs } from '../support/timers.js';

/** The receivers of one egress policy that accept only HTTP/2, by origin. */
export class Http2Only {
  // The time until which each is remembered. The one that was added first comes first.
  #known = new Map();

  /** Returns true if the receiver refused HTTP/1.1 a short time ago. */
  has(origin) {
    return this.#known.get(origin) > monotonicMs();
  }

  /** Remembers a receiver. When there are too many, the one that has been remembered longest is forgotten. */
  remember(origin) {
    this.#known.delete(origin);
    if (this.#known.size >= HTTP2_RECEIVERS_MAX) {
      const [oldest] = this.#known.keys();
      this.#known.delete(oldest);
    }
    this.#known.set(origin, monotonicMs() + HTTP2_REMEMBERED_MS);
  }

  /** Forgets a receiver: it asks for HTTP/1.1. */
  forget(origin) {
    this.#known.delete(origin);
  }
}
