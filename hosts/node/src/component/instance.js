// One instance of the component: its imports, and the translation of a call's end into a result or an error.

import { invalid, StorageError, notApplied, unknown } from '../storage/errors.js';
import { errorOf, HookwrightError, InternalError, TrapError, UnavailableError } from '../support/errors.js';
import { instantiate } from './compile.js';
import { wallClock } from './world.js';

/**
 * One instance. It makes one call at a time; use several instances for calls at the same time. `storage` may change
 * between calls: the store of a transaction for one call, the store itself for the next.
 */
export class Instance {
  storage = null;
  #exports;
  #queue;
  #world;
  #lastErrorLine = null;
  // The last failure of the storage in a call, which is the cause of the call's error.
  #lastFailure;
  #ended = false;
  // Rejects the call that runs. The generated code does not end a call whose import has failed.
  #abandon = null;

  constructor(modules, world, queue, { synchronously }) {
    this.#queue = queue;
    this.#world = world;
    this.#exports = instantiate(modules, this.#imports(), { synchronously });
  }

  /** True after a trap or `dispose`. */
  get ended() {
    return this.#ended;
  }

  /** Makes a call with the suspending bindings. `run` gets the exports. */
  async call(run) {
    this.#begin();
    try {
      return await new Promise((resolve, reject) => {
        this.#abandon = reject;
        Promise.resolve(run(this.#exports)).then(resolve, reject);
      });
    } catch (error) {
      throw this.#errorOf(error);
    } finally {
      this.#abandon = null;
    }
  }

  /** Makes a call with the synchronous bindings. `run` gets the exports. */
  callSync(run) {
    this.#begin();
    try {
      return run(this.#exports);
    } catch (error) {
      throw this.#errorOf(error);
    }
  }

  /** Ends the instance and its call, and aborts its requests in flight. */
  dispose() {
    this.#ended = true;
    this.#queue?.dispose();
    this.#abandon?.(new Error('the instance was ended'));
  }

  #begin() {
    if (this.#ended) {
      throw new InternalError({ kind: 'internal', message: 'the instance has ended', hint: 'use another instance' });
    }
    this.#lastErrorLine = null;
    this.#lastFailure = undefined;
  }

  #errorOf(error) {
    const failure = this.#lastFailure;
    if (!(error instanceof Error) && error?.kind !== undefined) {
      // A store refuses what the platform passed, for example as `transaction`, in words that the component lacks.
      if (failure instanceof HookwrightError) {
        return failure;
      }
      return errorOf(error, causes(error, failure) ? failure : undefined);
    }
    if (this.#ended) {
      return new UnavailableError({
        kind: 'unavailable', message: 'this Hookwright was closed before the call had ended', cause: error,
        hint: 'give `close` more time; whether the call took effect is not known',
      });
    }
    // Anything but a refusal leaves the instance in the middle of a call.
    this.dispose();
    return new TrapError(this.#lastErrorLine ?? error?.message ?? String(error), error);
  }

  #imports() {
    const world = this.#world;
    return {
      storage: {
        get: (keys) => this.#store(notApplied, () => this.storage.get(keys)),
        scan: (range, limit, order) => this.#store(notApplied, () => this.storage.scan(range, limit, order)),
        commit: (checks, mutations) => this.#store(unknown, () => this.storage.commit(checks, mutations)),
      },
      http: {
        submit: (requests) => this.#queue.submit(requests),
        wait: (timeoutMs) => this.#wait(timeoutMs),
      },
      log: { write: (level, message) => this.#log(level, message) },
      clock: wallClock(() => world.now()),
      random: {
        getRandomBytes: (length) => world.random(Number(length)),
        getRandomU64: () => Buffer.from(world.random(8)).readBigUInt64LE(),
      },
    };
  }

  // An instance that was ended must not go on when its wait is over.
  #wait(timeoutMs) {
    const result = this.#queue.wait(timeoutMs);
    return result instanceof Promise ? result.then((later) => this.#unlessEnded(later)) : this.#unlessEnded(result);
  }

  #unlessEnded(result) {
    if (this.#ended) {
      throw new Error('the instance was ended');
    }
    return result;
  }

  // Runs a storage call. A store throws `StorageError`. Any other error is a bug of the store or of its driver, and
  // counts as the weakest outcome that fits. A plain result is returned as it is, because a promise would suspend the
  // call, and each suspension costs time.
  #store(weakest, call) {
    const translate = (error) => {
      throw this.#failed(error, weakest);
    };
    this.#unlessEnded();
    try {
      const result = call();
      return typeof result?.then === 'function'
        ? result.then((later) => this.#unlessEnded(later), translate)
        : result;
    } catch (error) {
      return translate(error);
    }
  }

  #failed(error, weakest) {
    const isKnown = error instanceof StorageError || error instanceof HookwrightError;
    const failure = isKnown ? error : weakest(`the store failed: ${error?.message ?? error}`, { cause: error });
    this.#lastFailure = failure.kind === 'conflict' ? undefined : failure;
    return failure instanceof HookwrightError ? invalid(failure.message) : failure;
  }

  #log(level, message) {
    if (level === 'error') {
      // Before a trap the component logs the panic's message as an error.
      this.#lastErrorLine = message;
    }
    this.#world.log(level, message);
  }
}

// The kinds of refusals that a failure of the storage leads to. Others have their cause in the input.
function causes({ kind }, failure) {
  return failure !== undefined && ['unavailable', 'transaction-aborted', 'internal'].includes(kind);
}
