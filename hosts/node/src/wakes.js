// How those who wait are woken: by results, by new work, by the wish to stop. It decides who is told what, and that no
// wake is lost; what is done about it is left to the engine and to the run loop.

/**
 * Wakes the workers of one host.
 *
 * A piece of work wakes one waiter; if nobody waits, the next wait ends at once. Several pieces that nobody has noticed
 * yet count as one, because whoever wakes looks at everything there is. A drain is seen by everybody, for ever.
 */
export class Wakes {
  #work = false;
  #drained = false;
  #parked = [];

  get drained() {
    return this.#drained;
  }

  /** There may be something to do: one waiter, or the next to come, is told. */
  work() {
    const longest = this.#parked.shift();
    if (longest === undefined) {
      this.#work = true;
    } else {
      longest.tell('work');
    }
  }

  /** Everybody is to finish: told to every waiter, now and later. */
  drain() {
    this.#drained = true;
    for (const waiter of this.#parked.splice(0)) {
      waiter.tell('drain');
    }
  }

  /** Waits until there is a wake, at most for so long. */
  async wait(timeoutMs, keepsAlive) {
    if (this.#drained) {
      return 'drain';
    }
    const mailbox = new Mailbox(keepsAlive);
    return (await this.waitAt(mailbox, false, timeoutMs)).wake;
  }

  /**
   * Waits until the mailbox has a completion or there is a wake, at most for so long. Answers at once, and no promise,
   * where there is nothing to wait for.
   *
   * While requests are in flight, a drain ends one wait of a mailbox early, not all of them: whoever goes on waiting for
   * their results would spin otherwise. It is in the answer every time.
   */
  waitAt(mailbox, inFlight, timeoutMs) {
    if (this.#drained && !(mailbox.drainTold && inFlight)) {
      mailbox.drainTold = true;
      mailbox.wake = 'drain';
    } else if (this.#work && !this.#drained) {
      this.#work = false;
      mailbox.wake = 'work';
    }
    if (!mailbox.isQuiet || timeoutMs === 0) {
      return this.#taken(mailbox);
    }
    this.#parked.push(mailbox);
    return mailbox.sleep(timeoutMs).then(() => {
      const at = this.#parked.indexOf(mailbox);
      if (at >= 0) {
        this.#parked.splice(at, 1);
      }
      return this.#taken(mailbox);
    });
  }

  #taken(mailbox) {
    const { completions, wake } = mailbox.take();
    return { completions, wake: this.#drained ? 'drain' : wake };
  }
}

/** Where one waiter finds what it waits for. */
export class Mailbox {
  #completions = [];
  #ring = null;
  #keepsAlive;
  wake = 'none';
  drainTold = false;

  /** @param {boolean} keepsAlive whether a process with nothing else to do waits with this waiter */
  constructor(keepsAlive) {
    this.#keepsAlive = keepsAlive;
  }

  get isQuiet() {
    return this.#completions.length === 0 && this.wake === 'none';
  }

  /** Puts a result in. What else arrives in this turn of the loop gets in before the waiter is woken. */
  put(completion) {
    this.#completions.push(completion);
    if (this.#completions.length === 1) {
      setImmediate(() => this.#ring?.());
    }
  }

  tell(wake) {
    this.drainTold ||= wake === 'drain';
    this.wake = wake;
    this.#ring?.();
  }

  take() {
    const taken = { completions: this.#completions, wake: this.wake };
    this.#completions = [];
    this.wake = 'none';
    return taken;
  }

  sleep(timeoutMs) {
    return new Promise((resolve) => {
      // Longer than a timer can run: the component asks again.
      const timer = setTimeout(() => this.#ring(), Math.min(timeoutMs, 2_147_483_647));
      if (!this.#keepsAlive) {
        timer.unref();
      }
      this.#ring = () => {
        clearTimeout(timer);
        this.#ring = null;
        resolve();
      };
    });
  }
}
