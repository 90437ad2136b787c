// One configured instance of the component: what it is given, and what became of a call.

import { randomBytes } from 'node:crypto';
import { instantiate } from './component.js';
import { errorOf, InternalError, notApplied, StorageError, TrapError, unknown } from './errors.js';
import { CLOCK_DRIFT_MS_MAX } from './limits.js';

/**
 * What an instance is given beside its storage and its HTTP queue. Tests give a clock and random bytes of their own.
 * @typedef {{ now: () => bigint, random: (bytes: number) => Uint8Array, log: (level: string, message: string) => void }} World
 */

/** The system's clock and random bytes; log lines go to stderr. */
export const systemWorld = {
  // Microseconds since 1970.
  now: wallClockUs,
  random: (bytes) => randomBytes(bytes),
  log: (level, message) => process.stderr.write(`hookwright: ${level === 'warn' ? 'warning' : level}: ${message}\n`),
};

// The monotonic clock has the microseconds; whoever sets the system's clock moves it along.
let offsetMs = performance.timeOrigin;

function wallClockUs() {
  const monotonicMs = performance.now();
  const wallMs = Date.now();
  if (Math.abs(wallMs - monotonicMs - offsetMs) > CLOCK_DRIFT_MS_MAX) {
    offsetMs = wallMs - monotonicMs;
  }
  return BigInt(Math.round((monotonicMs + offsetMs) * 1_000));
}

/**
 * One instance. Calls are made one after the other; for several at a time, use several. It writes to whatever `storage`
 * is at the time of a call: a transaction's for one call, the store's own for the next.
 */
export class Instance {
  storage = null;
  #exports;
  #queue;
  #world;
  #errorLast = null;
  #trapped = false;

  constructor(modules, world, queue, { synchronously }) {
    this.#queue = queue;
    this.#world = world;
    this.#exports = instantiate(modules, this.#imports(), { synchronously });
  }

  get trapped() {
    return this.#trapped;
  }

  /** A call of the suspending kind: `run` gets the exports. */
  async call(run) {
    this.#begin();
    try {
      return await run(this.#exports);
    } catch (error) {
      throw this.#ended(error);
    }
  }

  /** A call of the synchronous kind: over when it returns. */
  callSync(run) {
    this.#begin();
    try {
      return run(this.#exports);
    } catch (error) {
      throw this.#ended(error);
    }
  }

  dispose() {
    this.#trapped = true;
    this.#queue?.dispose();
  }

  #begin() {
    if (this.#trapped) {
      throw new InternalError({ kind: 'internal', message: 'the instance has ended' });
    }
    this.#errorLast = null;
  }

  #ended(error) {
    if (!(error instanceof Error) && error?.kind !== undefined) {
      return errorOf(error);
    }
    // Whatever is no refusal has left the instance in the middle of something.
    this.dispose();
    return new TrapError(this.#errorLast ?? error?.message ?? String(error), error);
  }

  #imports() {
    const world = this.#world;
    return {
      storage: {
        get: (keys) => inWords(notApplied, () => this.storage.get(keys)),
        scan: (range, limit, order) => inWords(notApplied, () => this.storage.scan(range, limit, order)),
        commit: (checks, mutations) => inWords(unknown, () => this.storage.commit(checks, mutations)),
      },
      http: {
        submit: (requests) => this.#queue.submit(requests),
        wait: (timeoutMs) => this.#queue.wait(timeoutMs),
      },
      log: {
        write: (level, message) => {
          if (level === 'error') {
            this.#errorLast = message;
          }
          world.log(level, message);
        },
      },
      clock: {
        now: () => {
          const us = world.now();
          return { seconds: us / 1_000_000n, nanoseconds: Number(us % 1_000_000n) * 1_000 };
        },
        resolution: () => ({ seconds: 0n, nanoseconds: 1_000 }),
      },
      random: {
        getRandomBytes: (length) => world.random(Number(length)),
        getRandomU64: () => Buffer.from(world.random(8)).readBigUInt64LE(),
      },
    };
  }
}

// A store answers in the contract's words. Any other error is its bug or its driver's, and is taken for the least that it
// may mean. Nothing here makes a promise of what is none: a call that is suspended costs more than many that are not.
function inWords(least, call) {
  const translate = (error) => {
    throw error instanceof StorageError ? error : least(`the store failed: ${error?.message ?? error}`);
  };
  try {
    const answer = call();
    return typeof answer?.then === 'function' ? answer.then(undefined, translate) : answer;
  } catch (error) {
    return translate(error);
  }
}
