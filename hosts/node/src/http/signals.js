// The signals that end waits early: work and drain. It decides which waiter gets a signal, and loses none. The
// component and the run loop decide what they do about one.

import { Mailbox } from './mailbox.js';

/**
 * The signals for the waiters of one thread.
 *
 * A work signal ends one wait. With no waiter, it ends the next wait at once. Several unseen work signals count as one,
 * because its receiver looks at all the work there is. A drain signal reaches every waiter and every later wait.
 */
export class Signals {
  #work = false;
  #drained = false;
  #waiting = [];

  /** True after a drain signal. */
  get drained() {
    return this.#drained;
  }

  /** Sends a work signal to the waiter that has waited longest, or to the next one. */
  work() {
    const longest = this.#waiting.shift();
    if (longest === undefined) {
      this.#work = true;
    } else {
      longest.signal('work');
    }
  }

  /** Sends a drain signal to every waiter, now and later. */
  drain() {
    this.#drained = true;
    for (const mailbox of this.#waiting.splice(0)) {
      mailbox.signal('drain');
    }
  }

  /** Waits for a signal, for at most `timeoutMs`. */
  async wait(timeoutMs, keepsAlive) {
    if (!this.#drained) {
      await this.waitAt(new Mailbox(keepsAlive), { inFlight: false, timeoutMs });
    }
  }

  /**
   * Waits for a completion in the mailbox or for a signal, for at most `timeoutMs`. Returns `{ completions, signal }`,
   * or a promise of it. It returns no promise if there is nothing to wait for.
   *
   * While requests are in flight, a drain signal ends one wait of a mailbox, not every wait: otherwise a worker that
   * waits for its last responses would spin. Every result carries the drain signal.
   */
  waitAt(mailbox, { inFlight, timeoutMs }) {
    if (this.#drained && !(mailbox.drainSeen && inFlight)) {
      mailbox.signal('drain');
    } else if (this.#work && !this.#drained) {
      this.#work = false;
      mailbox.signal('work');
    }
    if (!mailbox.isEmpty || timeoutMs === 0) {
      return this.#take(mailbox);
    }
    this.#waiting.push(mailbox);
    return mailbox.sleep(timeoutMs).then(() => {
      const index = this.#waiting.indexOf(mailbox);
      if (index >= 0) {
        this.#waiting.splice(index, 1);
      }
      return this.#take(mailbox);
    });
  }

  #take(mailbox) {
    const { completions, signal } = mailbox.take();
    return { completions, signal: this.#drained ? 'drain' : signal };
  }
}
