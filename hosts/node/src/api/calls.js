// How the calls of a Hookwright reach an instance: from the pool, inside a transaction, or with an instance of their
// own.

import { makeInstance, makeSyncInstance } from '../component/make.js';
import { Pool } from '../component/pool.js';
import { Signals } from '../http/signals.js';
import { StorageError } from '../storage/errors.js';
import { errorOfStorage, InternalError } from '../support/errors.js';
import { jsonText, refuse, requireTexts } from '../support/input.js';

/** The calls over one store and one configuration. */
export class Calls {
  #modules;
  #setup;
  #pool;
  #syncInstances = [];
  #closed = false;
  // The calls that have not ended, and the signals of those that deliver.
  #running = new Set();
  #delivering = new Set();

  /**
   * @param modules the result of `compile`
   * @param {import('../component/make.js').Setup} setup
   */
  constructor(modules, setup) {
    this.#modules = modules;
    this.#setup = setup;
    // Each instance has signals of its own, because the shared ones belong to the workers. Its waits are for its own
    // requests.
    this.#pool = new Pool(() => makeInstance(setup, { signals: new Signals(), keepsAlive: true }));
  }

  /** Throws after `close`. */
  requireOpen() {
    if (this.#closed) {
      throw new InternalError({ kind: 'internal', message: 'this Hookwright has been closed', hint: 'open another one' });
    }
  }

  /** Runs a call on an instance of the pool. The signal ends the wait, not the call. */
  async run(call, signal) {
    this.requireOpen();
    return unlessAborted(this.#track(this.#pool.run((instance) => instance.call(call), { signal })), signal);
  }

  /**
   * Runs a call that returns JSON, and parses it. Checks that `texts` are strings. `input` has the one value that is
   * passed as JSON text, under its name.
   */
  async json(texts, call, input = {}, { signal } = {}) {
    requireTexts(texts);
    const [text] = Object.entries(input).map(([field, value]) => jsonText(field, value));
    return JSON.parse(await this.run((exports) => call(exports, text), signal));
  }

  /** Runs a call inside the platform's transaction. */
  async runJoined(transaction, call) {
    const { storage } = this.#setup;
    if (storage.joinsSynchronously) {
      return this.runJoinedSync(transaction, call);
    }
    this.requireOpen();
    const joined = join(storage, transaction);
    return this.#track(this.#pool.run(async (instance) => {
      instance.storage = joined;
      try {
        return await instance.call(call);
      } finally {
        instance.storage = storage;
      }
    }, { inTransaction: true }));
  }

  /** Runs a call inside the platform's transaction. It is complete when this method returns. */
  runJoinedSync(transaction, call) {
    const { storage } = this.#setup;
    this.requireOpen();
    if (!storage.joinsSynchronously) {
      refuse('transaction', 'cannot be joined synchronously with this store', 'await `onEvent` or `onEvents` instead');
    }
    const joined = join(storage, transaction);
    const instance = this.#syncInstances.pop() ?? makeSyncInstance(this.#modules, this.#setup);
    instance.storage = joined;
    try {
      return instance.callSync(call);
    } finally {
      instance.storage = null;
      if (!instance.ended) {
        this.#syncInstances.push(instance);
      }
    }
  }

  /** Runs a call on an instance of its own. The abort signal sends it the drain signal. */
  async runDraining(call, signal) {
    this.requireOpen();
    signal?.throwIfAborted();
    const signals = new Signals();
    const onAbort = () => signals.drain();
    signal?.addEventListener('abort', onAbort, { once: true });
    this.#delivering.add(signals);
    let instance;
    try {
      instance = await makeInstance(this.#setup, { signals, keepsAlive: true });
      signals.end = () => instance.dispose();
      return await this.#track(instance.call(call));
    } finally {
      instance?.dispose();
      this.#delivering.delete(signals);
      signal?.removeEventListener('abort', onAbort);
    }
  }

  /** Refuses every later call, and waits for those that run, until the deadline. Then it ends them. */
  async close(deadline) {
    this.#closed = true;
    for (const signals of this.#delivering) {
      signals.drain();
    }
    await Promise.race([Promise.allSettled(this.#running), deadline]);
    this.#pool.dispose();
    for (const signals of this.#delivering) {
      signals.end?.();
    }
  }

  #track(call) {
    this.#running.add(call);
    const forget = () => this.#running.delete(call);
    call.then(forget, forget);
    return call;
  }
}

function join(storage, transaction) {
  if (typeof storage.join !== 'function') {
    refuse('transaction', 'cannot be joined: this store has no `join`', 'use sqliteStorage or postgresStorage');
  }
  try {
    return storage.join(transaction);
  } catch (error) {
    throw error instanceof StorageError ? errorOfStorage(error) : error;
  }
}

// Ends the wait for a call. The call itself goes on.
function unlessAborted(call, signal) {
  if (signal === undefined) {
    return call;
  }
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    call.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
