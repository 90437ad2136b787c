// Background workers on a thread of their own: its start, its end, its replacement, and the watch over it.

import { InternalError } from '../support/errors.js';
import {
  GUEST_MS_MAX, THREAD_RESTART_MS_MAX, THREAD_RESTART_MS_MIN, WATCH_LATE_MS, WATCH_MS,
} from '../support/limits.js';
import { startThread } from '../support/thread.js';
import { after, clearTimeout, monotonicMs, setTimeout } from '../support/timers.js';
import { stoppedEarly } from './local.js';

/** Workers on a thread of their own. */
export class ThreadWorkers {
  #setup;
  #count;
  #log;
  #thread;
  #ended;
  #error;
  #isReady = false;
  #stopping = false;
  #restartMs = THREAD_RESTART_MS_MIN;
  /** Resolves when the thread has opened the store. Rejected if the first thread ends before. */
  started;

  constructor(setup, count) {
    this.#setup = setup;
    this.#count = count;
    this.#log = setup.world.log;
    this.started = new Promise((resolve, reject) => this.#start(resolve, reject));
  }

  signalWork() {
    this.#thread.postMessage('work');
  }

  /** Starts no new attempts. Resolves when the attempts in flight are settled, or abandons them after the time. */
  async stop(timeoutMs) {
    this.#stopping = true;
    this.#thread.ref();
    this.#thread.postMessage('drain');
    const deadline = after(timeoutMs, false);
    if (!await Promise.race([this.#ended, deadline.reached])) {
      this.#log('warn', stoppedEarly(timeoutMs));
      await this.#thread.terminate();
    }
    deadline.stop();
  }

  #start(onReady, onFailed) {
    const { config, egress, storage } = this.#setup;
    const workerData = { config, egress, portable: storage.portable, count: this.#count };
    const thread = startThread(new URL('./thread.js', import.meta.url), workerData);
    this.#thread = thread;
    this.#error = undefined;
    this.#isReady = false;
    const watch = new Watch(thread, (reason) => { this.#error = new Error(reason); });
    thread.on('message', ({ log, ready, pong }) => {
      if (log !== undefined) {
        this.#log(...log);
      } else if (pong) {
        watch.answered();
      } else if (ready) {
        this.#isReady = true;
        this.#restartMs = THREAD_RESTART_MS_MIN;
        onReady();
      }
    });
    thread.on('error', (error) => { this.#error = error; });
    // After the listeners: each `on` would keep the process alive again.
    thread.unref();
    this.#ended = new Promise((resolve) => {
      thread.on('exit', () => {
        watch.stop();
        resolve(true);
        this.#exited(onFailed);
      });
    });
  }

  #exited(onFailed) {
    if (this.#stopping) {
      return;
    }
    const error = this.#error ?? new Error('it has ended without an error');
    if (onFailed !== undefined && !this.#isReady) {
      onFailed(new InternalError({
        kind: 'internal', message: `the worker thread cannot start: ${error.message}`, cause: error,
        hint: 'mend the cause, or open with `workers: { ownThread: false }`',
      }));
      return;
    }
    // All state is in the store, so a new thread continues where this one ended.
    const restartMs = this.#restartMs;
    this.#restartMs = Math.min(restartMs * 2, THREAD_RESTART_MS_MAX);
    this.#log('error', `the worker thread ended: ${error.stack ?? error}; another one is started in ${restartMs} ms`);
    setTimeout(() => this.#stopping || this.#start(() => {}), restartMs).unref();
  }
}

// Ends a thread that computes too long without a pause, which only another thread can notice.
class Watch {
  #timer;
  #dueMs;
  #thread;
  #onEnd;
  #asked = false;
  // Looks in a row without an answer.
  #missed = 0;

  constructor(thread, onEnd) {
    this.#thread = thread;
    this.#onEnd = onEnd;
    this.#next();
  }

  answered() {
    this.#asked = false;
    this.#missed = 0;
  }

  stop() {
    clearTimeout(this.#timer);
  }

  #next() {
    this.#dueMs = monotonicMs() + WATCH_MS;
    this.#timer = setTimeout(() => this.#look(), WATCH_MS).unref();
  }

  #look() {
    // If this thread was blocked or the machine was asleep, an answer may be waiting.
    const isLate = monotonicMs() - this.#dueMs > WATCH_LATE_MS;
    this.#missed = this.#asked && !isLate ? this.#missed + 1 : 0;
    if (this.#missed * WATCH_MS >= GUEST_MS_MAX) {
      this.#onEnd(`it did not respond for ${GUEST_MS_MAX} ms`);
      this.#thread.terminate();
      return;
    }
    if (!this.#asked) {
      this.#asked = true;
      this.#thread.postMessage('ping');
    }
    this.#next();
  }
}
