// The timers and the clock of this package. They are taken when the package is loaded, so that the fake timers and the
// mocked `Date` of a platform's tests do not stop it.

export const { setTimeout, clearTimeout, setImmediate } = globalThis;

const { now, timeOrigin } = performance;

/** Returns milliseconds of the monotonic clock. */
export const monotonicMs = now.bind(performance);

/** Returns milliseconds since 1970, by the system clock. */
export const wallMs = Date.now;

/** The system clock's time at which the monotonic clock began. */
export const startedMs = timeOrigin;

/** Resolves to `value` after a time. `stop` ends the wait without an outcome. */
export function after(ms, value) {
  let timer;
  const reached = new Promise((resolve) => { timer = setTimeout(resolve, ms, value); });
  return { reached, stop: () => clearTimeout(timer) };
}
