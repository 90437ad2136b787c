// The clock, the random bytes and the log that an instance imports.

import { randomBytes } from 'node:crypto';
import { CLOCK_DRIFT_MS_MAX } from '../support/limits.js';
import { monotonicMs, startedMs, wallMs } from '../support/timers.js';

/**
 * The imports of an instance besides its storage and its HTTP queue. Tests replace them. `now` returns microseconds
 * since 1970.
 * @typedef {{ now: () => bigint, random: (bytes: number) => Uint8Array, log: (level: string, message: string) => void }} World
 */

/** The system's clock and random bytes. Log lines go to stderr. @type {World} */
export const systemWorld = {
  now: wallClockUs,
  random: (bytes) => randomBytes(bytes),
  log: (level, message) => process.stderr.write(`hookwright: ${level === 'warn' ? 'warning' : level}: ${message}\n`),
};

/** Returns `wasi:clocks/wall-clock` over a clock in microseconds. */
export function wallClock(now) {
  return {
    now: () => {
      const us = now();
      return { seconds: us / 1_000_000n, nanoseconds: Number(us % 1_000_000n) * 1_000 };
    },
    resolution: () => ({ seconds: 0n, nanoseconds: 1_000 }),
  };
}

// The system clock has milliseconds only. The monotonic clock adds the microseconds, at an offset that follows the
// system clock.
let offsetMs = startedMs;

function wallClockUs() {
  const sinceStartMs = monotonicMs();
  const systemMs = wallMs();
  if (Math.abs(systemMs - sinceStartMs - offsetMs) > CLOCK_DRIFT_MS_MAX) {
    offsetMs = systemMs - sinceStartMs;
  }
  return BigInt(Math.round((sinceStartMs + offsetMs) * 1_000));
}
