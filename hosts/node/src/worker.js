// The run loop of one worker: it delivers, sleeps until something is due or someone wakes it, and begins anew after a trap.
// What is due and when to look again is the component's to say.

import { TrapError } from './errors.js';
import { ATTEMPTS_MAX, PUMP_BACKOFF_MS_MAX, PUMP_BACKOFF_MS_MIN, PUMP_BUDGET_MS, PUMP_YIELD_MS } from './limits.js';

/** Delivers until a drain. `make` makes an instance whose waits the wakes end. */
export async function work(make, wakes, log) {
  let instance = null;
  let told = new Set();
  let backoffMs = PUMP_BACKOFF_MS_MIN;
  while (!wakes.drained) {
    let pauseMs;
    try {
      instance ??= await make();
      const report = await instance.call(({ webhooks }) =>
        webhooks.deliver({ timeMs: PUMP_BUDGET_MS, attemptsMax: ATTEMPTS_MAX }));
      backoffMs = PUMP_BACKOFF_MS_MIN;
      told = tell(report.problems, told, log);
      pauseMs = pauseAfter(report);
    } catch (error) {
      if (error instanceof TrapError) {
        instance = null;
      }
      log('error', `delivering: ${error.message}; trying again in ${backoffMs} ms`);
      pauseMs = backoffMs;
      backoffMs = Math.min(backoffMs * 2, PUMP_BACKOFF_MS_MAX);
    }
    if (pauseMs > 0) {
      await wakes.wait(pauseMs, false);
    }
  }
  instance?.dispose();
}

// Each problem once, until it has been mended.
function tell(problems, told, log) {
  for (const problem of problems) {
    if (!told.has(problem)) {
      log('error', `delivering: ${problem}; the rest goes on`);
    }
  }
  return new Set(problems);
}

// A call that did nothing and yet sees work must not be repeated in a hot loop.
function pauseAfter({ nextDueMs, routed, attempts }) {
  return nextDueMs === 0 && routed === 0 && attempts === 0 ? PUMP_YIELD_MS : nextDueMs;
}
