// What a platform holds: one store, one configuration, calls from everywhere, and a pump in the background.

import { makeInstance, makeSyncInstance } from './blueprint.js';
import { compile } from './component.js';
import { HookwrightError } from './errors.js';
import { HttpClient } from './http/client.js';
import { systemWorld } from './instance.js';
import { ATTEMPTS_MAX, DELIVER_BUDGET_MS } from './limits.js';
import { fastifyPlugin, middleware } from './middleware.js';
import { readConfig } from './options.js';
import { Pool } from './pool.js';
import { startPump } from './pump.js';
import { Wakes } from './wakes.js';

/** Webhooks of a platform. Made by `Hookwright.open`. */
export class Hookwright {
  #blueprint;
  #modules;
  #pool;
  #syncInstances = [];
  #client;
  #pumpOptions;
  #pump = null;

  /** Reads the options, looks whether the store can be read, and configures a first instance. Starts nothing. */
  static async open(options) {
    const modules = await compile();
    const hooks = new this(modules, options);
    await requireSchema(options.storage);
    await hooks.#pool.run(() => {});
    return hooks;
  }

  /** @private use `Hookwright.open` */
  constructor(modules, options) {
    const { config, egress, pump, world, client } = readConfig(options);
    this.#modules = modules;
    this.#client = client ?? new HttpClient(egress);
    this.#blueprint = {
      config,
      egress: { ca: egress.ca, proxy: egress.proxy },
      storage: options.storage,
      world: { ...systemWorld, ...world },
      client: this.#client,
    };
    this.#pumpOptions = pump;
    // No wakes: they are the pump's. What waits here waits for its own requests.
    this.#pool = new Pool(() => makeInstance(this.#blueprint, new Wakes(), true));
  }

  /** Accepts one event: durable when the promise resolves, or with the platform's transaction. */
  async onEvent(event, options = {}) {
    return this.#accept(({ webhooks }) => webhooks.onEvent(options.tenant, text(event)), options);
  }

  /** Accepts up to 100 events in one commit: all of them or none. */
  async onEvents(events, options = {}) {
    return this.#accept(({ webhooks }) => webhooks.onEvents(options.tenant, events.map(text)), options);
  }

  /** The same for a synchronous transaction (SQLite): over when it returns. */
  onEventSync(event, options) {
    return this.#joinedSync(options.transaction, ({ webhooks }) => webhooks.onEvent(options.tenant, text(event)));
  }

  /** The same for a synchronous transaction (SQLite): over when it returns. */
  onEventsSync(events, options) {
    const texts = events.map(text);
    return this.#joinedSync(options.transaction, ({ webhooks }) => webhooks.onEvents(options.tenant, texts));
  }

  async register(tenant, registration) {
    return this.#json(({ webhooks }) => webhooks.register(tenant, text(registration)));
  }

  async update(tenant, webhookId, changes) {
    return this.#json(({ webhooks }) => webhooks.update(tenant, webhookId, text(changes)));
  }

  async get(tenant, webhookId) {
    return this.#json(({ webhooks }) => webhooks.get(tenant, webhookId));
  }

  async list(tenant, { cursor, limit = 50 } = {}) {
    return this.#json(({ webhooks }) => webhooks.list(tenant, cursor ?? undefined, limit));
  }

  async unregister(tenant, webhookId) {
    await this.#call(({ webhooks }) => webhooks.unregister(tenant, webhookId));
    this.wake();
  }

  async rotateSecret(tenant, webhookId, { secret, overlapS } = {}) {
    return this.#json(({ webhooks }) => webhooks.rotateSecret(tenant, webhookId, secret, overlapS));
  }

  async testWebhook(tenant, webhookId, { signal } = {}) {
    return this.#json(({ webhooks }) => webhooks.testWebhook(tenant, webhookId), { signal });
  }

  async attempts(tenant, webhookId, { cursor, limit = 50 } = {}) {
    return this.#json(({ webhooks }) => webhooks.attempts(tenant, webhookId, cursor ?? undefined, limit));
  }

  async message(tenant, messageId) {
    return this.#json(({ webhooks }) => webhooks.message(tenant, messageId));
  }

  async messageAttempts(tenant, messageId, { cursor, limit = 50 } = {}) {
    return this.#json(({ webhooks }) => webhooks.messageAttempts(tenant, messageId, cursor ?? undefined, limit));
  }

  /** The JSON text that the webhook's requests for the message carry, byte for byte. */
  async payload(tenant, messageId, webhookId) {
    return this.#call(({ webhooks }) => webhooks.payload(tenant, messageId, webhookId));
  }

  async explain(tenant, messageId, webhookId) {
    return this.#json(({ webhooks }) => webhooks.explain(tenant, messageId, webhookId));
  }

  async redeliver(tenant, messageId, { webhookId } = {}) {
    const answer = await this.#json(({ webhooks }) => webhooks.redeliver(tenant, messageId, webhookId));
    this.wake();
    return answer;
  }

  async recover(tenant, webhookId, range) {
    const job = await this.#json(({ webhooks }) => webhooks.recover(tenant, webhookId, text(range)));
    this.wake();
    return job;
  }

  async replay(tenant, webhookId, range) {
    const job = await this.#json(({ webhooks }) => webhooks.replay(tenant, webhookId, text(range)));
    this.wake();
    return job;
  }

  async erase(tenant, request) {
    const job = await this.#json(({ webhooks }) => webhooks.erase(tenant, text(request)));
    this.wake();
    return job;
  }

  async job(tenant, jobId) {
    return this.#json(({ webhooks }) => webhooks.job(tenant, jobId));
  }

  async jobs(tenant, { cursor, limit = 50 } = {}) {
    return this.#json(({ webhooks }) => webhooks.jobs(tenant, cursor ?? undefined, limit));
  }

  async cancelJob(tenant, jobId) {
    return this.#json(({ webhooks }) => webhooks.cancelJob(tenant, jobId));
  }

  async settings(tenant) {
    return this.#json(({ webhooks }) => webhooks.settings(tenant));
  }

  async updateSettings(tenant, changes) {
    return this.#json(({ webhooks }) => webhooks.updateSettings(tenant, text(changes)));
  }

  async eventTypes() {
    return this.#json(({ webhooks }) => webhooks.eventTypes());
  }

  /** The pump by hand. Aborting it starts nothing new; what is in flight is settled first. */
  async deliver({ timeMs = DELIVER_BUDGET_MS, attemptsMax = ATTEMPTS_MAX, signal } = {}) {
    signal?.throwIfAborted();
    const wakes = new Wakes();
    const onAbort = () => wakes.drain();
    signal?.addEventListener('abort', onAbort, { once: true });
    const instance = await makeInstance(this.#blueprint, wakes, true);
    try {
      return await instance.call(({ webhooks }) => webhooks.deliver({ timeMs, attemptsMax }));
    } finally {
      instance.dispose();
      signal?.removeEventListener('abort', onAbort);
    }
  }

  /** Voids every lease: only where no other process is at work on the store. Answers how many lanes were freed. */
  async takeOver() {
    return this.#call(({ webhooks }) => webhooks.takeOver());
  }

  /** Answers one request to the management API. */
  async handle(request, caller) {
    const asked = { method: request.method, path: request.path, query: request.query ?? '', body: request.body ?? '' };
    const who = { tenant: caller.tenant, user: caller.user, permissions: caller.permissions ?? [] };
    const response = await this.#call((exports) => exports.console.handle(asked, who));
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      this.wake();
    }
    return response;
  }

  /** The management API for Express, NestJS on Express, and plain `node:http`. */
  middleware(options) {
    return middleware(this, options);
  }

  /** The management API as a plugin for Fastify's `register`. */
  fastify(options) {
    return fastifyPlugin(this, options);
  }

  /** Starts the pump in the background. `signal` stops it. */
  start({ signal } = {}) {
    if (signal?.aborted || this.#pump !== null) {
      return this;
    }
    this.#pump = startPump(this.#blueprint, this.#pumpOptions);
    signal?.addEventListener('abort', () => this.stop(), { once: true });
    return this;
  }

  /** Stops the pump: nothing new is started, and what is in flight is settled first. */
  async stop() {
    const pump = this.#pump;
    this.#pump = null;
    await pump?.stop();
  }

  /** Tells the pump that there may be something to do: call it after the commit of a transaction that had an event. */
  wake() {
    this.#pump?.wake();
  }

  /** Stops the pump and closes what this has opened; the store too, unless it is kept. */
  async close() {
    await this.stop();
    this.#pool.dispose();
    await this.#client.close?.();
    await this.#blueprint.storage.close?.();
  }

  async [Symbol.asyncDispose]() {
    await this.close();
  }

  async #accept(run, { transaction, signal }) {
    if (transaction === undefined || transaction === null) {
      const accepted = await this.#call(run, { signal });
      this.wake();
      return accepted;
    }
    const { storage } = this.#blueprint;
    signal?.throwIfAborted();
    if (storage.joinsSynchronously) {
      return this.#joinedSync(transaction, run);
    }
    const joined = storage.join(transaction);
    return this.#pool.run(async (instance) => {
      instance.storage = joined;
      try {
        return await instance.call(run);
      } finally {
        instance.storage = storage;
      }
    }, { inTransaction: true });
  }

  #joinedSync(transaction, run) {
    const { storage } = this.#blueprint;
    if (!storage.joinsSynchronously) {
      throw new TypeError('this store has no synchronous transactions: await `onEvent` instead');
    }
    const joined = storage.join(transaction);
    const instance = this.#syncInstances.pop() ?? makeSyncInstance(this.#modules, this.#blueprint);
    instance.storage = joined;
    try {
      return instance.callSync(run);
    } finally {
      instance.storage = null;
      if (!instance.trapped) {
        this.#syncInstances.push(instance);
      }
    }
  }

  #call(run, options) {
    return this.#pool.run((instance) => instance.call(run), options);
  }

  async #json(run, options) {
    return JSON.parse(await this.#call(run, options));
  }
}

// Events and registrations may be text already: numbers and the order of keys are then kept as they stand.
function text(value) {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

async function requireSchema(storage) {
  try {
    await storage.scan({ start: '!', end: '"' }, 1, 'forward');
  } catch (error) {
    const hint = 'does the table exist? `await storage.createSchema()` makes it, outside any transaction';
    throw new HookwrightError({ kind: 'unavailable', message: `the store cannot be read: ${error.message}`, hint });
  }
}
