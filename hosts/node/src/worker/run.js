// The run loop of one worker: it delivers, waits until something is due or a signal comes, and replaces an instance
// that trapped. The component decides what is due, and when the next run begins.

import {
  RUN_ATTEMPTS_MAX, RUN_CONTENDED_MS, RUN_MS_MAX, RUN_RETRY_MS_MAX, RUN_RETRY_MS_MIN,
} from '../support/limits.js';

/** Delivers until a drain signal. `make` makes an instance whose waits `signals` end. */
export async function deliverUntilDrained(make, signals, log) {
  let instance = null;
  let reported = new Set();
  let retryMs = RUN_RETRY_MS_MIN;
  while (!signals.drained) {
    let pauseMs;
    try {
      instance ??= await make();
      const report = await instance.call(({ webhooks }) =>
        webhooks.deliver({ timeMs: RUN_MS_MAX, attemptsMax: RUN_ATTEMPTS_MAX }));
      retryMs = RUN_RETRY_MS_MIN;
      reported = logNew(report.problems, reported, log);
      pauseMs = pauseAfter(report);
    } catch (error) {
      if (instance?.ended) {
        instance = null;
        if (signals.drained) {
          // The instance was ended in the middle of the run, at the end of the time for a stop.
          return;
        }
      }
      log('error', `the delivery run failed: ${error.message}; the next one begins in ${retryMs} ms`);
      pauseMs = retryMs;
      retryMs = Math.min(retryMs * 2, RUN_RETRY_MS_MAX);
    }
    if (pauseMs > 0) {
      await signals.wait(pauseMs, false);
    }
  }
  instance?.dispose();
}

// Logs each problem once, until a run no longer reports it.
function logNew(problems, reported, log) {
  for (const problem of problems) {
    if (!reported.has(problem)) {
      log('error', `a delivery run met a problem, and went on: ${problem}`);
    }
  }
  return new Set(problems);
}

// A run that did nothing although work is due is not repeated at once, because another worker holds the leases.
function pauseAfter({ nextDueMs, routed, attempts }) {
  return nextDueMs === 0 && routed === 0 && attempts === 0 ? RUN_CONTENDED_MS : nextDueMs;
}
