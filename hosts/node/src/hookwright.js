// What a platform holds: one store, one configuration, calls from everywhere, and a pump in the background.

import { makeInstance, makeSyncInstance } from './blueprint.js';
import { compile } from './component.js';
import { InternalError, UnavailableError } from './errors.js';
import { HttpClient } from './http/client.js';
import { json, list, optionalTexts, optionalWhole, refuse, requireTexts } from './input.js';
import { systemWorld } from './instance.js';
import { ATTEMPTS_MAX, DELIVER_BUDGET_MS } from './limits.js';
import { fastifyPlugin, middleware } from './middleware.js';
import { readConfig } from './options.js';
import { Pool } from './pool.js';
import { startPump } from './pump.js';
import { Wakes } from './wakes.js';

// What a page has unless its caller says otherwise.
const PAGE = 50;

/** Webhooks of a platform. Made by `Hookwright.open`. */
export class Hookwright {
  #blueprint;
  #modules;
  #pool;
  #syncInstances = [];
  #client;
  #pumpOptions;
  #pump = null;
  // Aborted when the pump is stopped: nobody's signal need be listened to any more.
  #pumpOver = null;
  #stopping = Promise.resolve();
  #closing = null;

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
      world: { ...systemWorld, ...world, log: safely(world.log ?? systemWorld.log) },
      client: this.#client,
    };
    this.#pumpOptions = pump;
    // No wakes: they are the pump's. What waits here waits for its own requests.
    this.#pool = new Pool(() => makeInstance(this.#blueprint, new Wakes(), true));
  }

  /** Accepts one event: durable when the promise resolves, or with the platform's transaction. */
  async onEvent(event, options = {}) {
    const { tenant } = optionalTexts({ tenant: options.tenant });
    const text = json('event', event);
    return this.#accept(({ webhooks }) => webhooks.onEvent(tenant, text), options);
  }

  /** Accepts up to 100 events in one commit: all of them or none. */
  async onEvents(events, options = {}) {
    const { tenant } = optionalTexts({ tenant: options.tenant });
    const texts = textsOf(events);
    return this.#accept(({ webhooks }) => webhooks.onEvents(tenant, texts), options);
  }

  /** The same for a synchronous transaction (SQLite): over when it returns. */
  onEventSync(event, options) {
    const { tenant } = optionalTexts({ tenant: options.tenant });
    const text = json('event', event);
    return this.#joinedSync(options.transaction, ({ webhooks }) => webhooks.onEvent(tenant, text));
  }

  /** The same for a synchronous transaction (SQLite): over when it returns. */
  onEventsSync(events, options) {
    const { tenant } = optionalTexts({ tenant: options.tenant });
    const texts = textsOf(events);
    return this.#joinedSync(options.transaction, ({ webhooks }) => webhooks.onEvents(tenant, texts));
  }

  async register(tenant, registration) {
    return this.#json({ tenant }, ({ webhooks }, text) => webhooks.register(tenant, text), { registration });
  }

  async update(tenant, webhookId, changes) {
    return this.#json({ tenant, webhookId }, ({ webhooks }, text) => webhooks.update(tenant, webhookId, text), { changes });
  }

  async get(tenant, webhookId) {
    return this.#json({ tenant, webhookId }, ({ webhooks }) => webhooks.get(tenant, webhookId));
  }

  async list(tenant, paging) {
    const { cursor, limit } = pageOf(paging);
    return this.#json({ tenant }, ({ webhooks }) => webhooks.list(tenant, cursor, limit));
  }

  async unregister(tenant, webhookId) {
    requireTexts({ tenant, webhookId });
    await this.#call(({ webhooks }) => webhooks.unregister(tenant, webhookId));
    this.wake();
  }

  async rotateSecret(tenant, webhookId, options = {}) {
    const { secret } = optionalTexts({ secret: options.secret });
    const overlapS = optionalWhole('overlapS', options.overlapS);
    return this.#json({ tenant, webhookId }, ({ webhooks }) => webhooks.rotateSecret(tenant, webhookId, secret, overlapS));
  }

  async testWebhook(tenant, webhookId, { signal } = {}) {
    return this.#json({ tenant, webhookId }, ({ webhooks }) => webhooks.testWebhook(tenant, webhookId), {}, { signal });
  }

  async attempts(tenant, webhookId, paging) {
    const { cursor, limit } = pageOf(paging);
    return this.#json({ tenant, webhookId }, ({ webhooks }) => webhooks.attempts(tenant, webhookId, cursor, limit));
  }

  async message(tenant, messageId) {
    return this.#json({ tenant, messageId }, ({ webhooks }) => webhooks.message(tenant, messageId));
  }

  async messageAttempts(tenant, messageId, paging) {
    const { cursor, limit } = pageOf(paging);
    return this.#json({ tenant, messageId }, ({ webhooks }) => webhooks.messageAttempts(tenant, messageId, cursor, limit));
  }

  /** The JSON text that the webhook's requests for the message carry, byte for byte. */
  async payload(tenant, messageId, webhookId) {
    requireTexts({ tenant, messageId, webhookId });
    return this.#call(({ webhooks }) => webhooks.payload(tenant, messageId, webhookId));
  }

  async explain(tenant, messageId, webhookId) {
    const ids = { tenant, messageId, webhookId };
    return this.#json(ids, ({ webhooks }) => webhooks.explain(tenant, messageId, webhookId));
  }

  async redeliver(tenant, messageId, options = {}) {
    const { webhookId } = optionalTexts({ webhookId: options.webhookId });
    return this.#woken({ tenant, messageId }, ({ webhooks }) => webhooks.redeliver(tenant, messageId, webhookId));
  }

  async recover(tenant, webhookId, range) {
    return this.#woken({ tenant, webhookId }, ({ webhooks }, text) => webhooks.recover(tenant, webhookId, text), { range });
  }

  async replay(tenant, webhookId, range) {
    return this.#woken({ tenant, webhookId }, ({ webhooks }, text) => webhooks.replay(tenant, webhookId, text), { range });
  }

  async erase(tenant, request) {
    return this.#woken({ tenant }, ({ webhooks }, text) => webhooks.erase(tenant, text), { request });
  }

  async job(tenant, jobId) {
    return this.#json({ tenant, jobId }, ({ webhooks }) => webhooks.job(tenant, jobId));
  }

  async jobs(tenant, paging) {
    const { cursor, limit } = pageOf(paging);
    return this.#json({ tenant }, ({ webhooks }) => webhooks.jobs(tenant, cursor, limit));
  }

  async cancelJob(tenant, jobId) {
    return this.#json({ tenant, jobId }, ({ webhooks }) => webhooks.cancelJob(tenant, jobId));
  }

  async settings(tenant) {
    return this.#json({ tenant }, ({ webhooks }) => webhooks.settings(tenant));
  }

  async updateSettings(tenant, changes) {
    return this.#json({ tenant }, ({ webhooks }, text) => webhooks.updateSettings(tenant, text), { changes });
  }

  async eventTypes() {
    return this.#json({}, ({ webhooks }) => webhooks.eventTypes());
  }

  /** The pump by hand. Aborting it starts nothing new; what is in flight is settled first. */
  async deliver(options = {}) {
    const timeMs = optionalWhole('timeMs', options.timeMs) ?? DELIVER_BUDGET_MS;
    const attemptsMax = optionalWhole('attemptsMax', options.attemptsMax) ?? ATTEMPTS_MAX;
    const { signal } = options;
    this.#requireOpen();
    signal?.throwIfAborted();
    const wakes = new Wakes();
    const onAbort = () => wakes.drain();
    signal?.addEventListener('abort', onAbort, { once: true });
    let instance;
    try {
      instance = await makeInstance(this.#blueprint, wakes, true);
      return await instance.call(({ webhooks }) => webhooks.deliver({ timeMs, attemptsMax }));
    } finally {
      instance?.dispose();
      signal?.removeEventListener('abort', onAbort);
    }
  }

  /** Voids every lease: only where no other process is at work on the store. Answers how many lanes were freed. */
  async takeOver() {
    return this.#call(({ webhooks }) => webhooks.takeOver());
  }

  /** Answers one request to the management API. */
  async handle(request, caller) {
    const { method, path, query = '', body = '' } = request;
    const { tenant, user, permissions } = caller ?? {};
    requireTexts({ method, path, query, body, 'caller.tenant': tenant });
    optionalTexts({ 'caller.user': user });
    const allowed = list('caller.permissions', permissions);
    requireTexts(Object.fromEntries(allowed.map((one, n) => [`caller.permissions[${n}]`, one])));
    const who = { tenant, user: user ?? undefined, permissions: allowed };
    const response = await this.#call((exports) => exports.console.handle({ method, path, query, body }, who));
    if (method !== 'GET' && method !== 'HEAD') {
      this.wake();
    }
    return response;
  }

  /** The management API for Express, NestJS on Express, and plain `node:http`. */
  middleware(options) {
    return middleware(this, options, (message) => this.#blueprint.world.log('error', message));
  }

  /** The management API as a plugin for Fastify's `register`. */
  fastify(options) {
    return fastifyPlugin(this, options);
  }

  /** Starts the pump in the background. `signal` stops it. */
  start({ signal } = {}) {
    this.#requireOpen();
    if (signal?.aborted || this.#pump !== null) {
      return this;
    }
    this.#pump = startPump(this.#blueprint, this.#pumpOptions);
    this.#pumpOver = new AbortController();
    signal?.addEventListener('abort', () => this.stop(), { once: true, signal: this.#pumpOver.signal });
    return this;
  }

  /** Stops the pump: nothing new is started, and what is in flight is settled first. */
  async stop() {
    const pump = this.#pump;
    if (pump !== null) {
      this.#pump = null;
      this.#pumpOver.abort();
      // Whoever stops what is stopping already waits for the same end.
      this.#stopping = Promise.all([this.#stopping, pump.stop()]);
    }
    await this.#stopping;
  }

  /** Tells the pump that there may be something to do: call it after the commit of a transaction that had an event. */
  wake() {
    this.#pump?.wake();
  }

  /** Stops the pump, and closes the connections and the store. Nothing can be called any more. */
  async close() {
    this.#closing ??= this.#close();
    await this.#closing;
  }

  async [Symbol.asyncDispose]() {
    await this.close();
  }

  async #close() {
    await this.stop();
    this.#pool.dispose();
    await this.#client.close?.();
    await this.#blueprint.storage.close?.();
  }

  async #accept(run, { transaction, signal }) {
    if (transaction === undefined || transaction === null) {
      const accepted = await this.#call(run, signal);
      this.wake();
      return accepted;
    }
    const { storage } = this.#blueprint;
    signal?.throwIfAborted();
    if (storage.joinsSynchronously) {
      return this.#joinedSync(transaction, run);
    }
    this.#requireOpen();
    const joined = join(storage, transaction);
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
    this.#requireOpen();
    if (!storage.joinsSynchronously) {
      refuse('transaction', 'cannot be joined synchronously: this store has no such transactions', 'await `onEvent` instead');
    }
    const joined = join(storage, transaction);
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

  #requireOpen() {
    if (this.#closing !== null) {
      throw new InternalError({ kind: 'internal', message: 'this Hookwright has been closed', hint: 'open another' });
    }
  }

  async #call(run, signal) {
    this.#requireOpen();
    return unlessAborted(this.#pool.run((instance) => instance.call(run), { signal }), signal);
  }

  /** A call whose texts are looked at first. `input` is the one value that crosses as JSON, under its name. */
  async #json(texts, run, input = {}, { signal } = {}) {
    requireTexts(texts);
    const [text] = Object.entries(input).map(([field, value]) => json(field, value));
    return JSON.parse(await this.#call((exports) => run(exports, text), signal));
  }

  /** The same for a call that leaves the pump something to do. */
  async #woken(...call) {
    const answer = await this.#json(...call);
    this.wake();
    return answer;
  }
}

function textsOf(events) {
  if (events == null) {
    refuse('events', 'is missing', 'give an array of events');
  }
  return list('events', events).map((event, n) => json(`events[${n}]`, event));
}

function pageOf(paging) {
  const { cursor, limit } = paging ?? {};
  return { ...optionalTexts({ cursor }), limit: optionalWhole('limit', limit) ?? PAGE };
}

// A line that cannot be logged ends nothing: neither an instance in the middle of a call, nor the pump.
function safely(log) {
  return (level, message) => {
    try {
      log(level, message);
    } catch {
      // There is nobody to tell.
    }
  };
}

function join(storage, transaction) {
  if (typeof storage.join !== 'function') {
    refuse('transaction', 'cannot be joined: this store has no `join`', 'sqliteStorage and postgresStorage have it');
  }
  return storage.join(transaction);
}

// Ends the wait, and not the call: what that has begun goes on.
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

async function requireSchema(storage) {
  try {
    await storage.scan({ start: '!', end: '"' }, 1, 'forward');
  } catch (error) {
    const hint = 'does the table exist? `await storage.createSchema()` makes it, outside any transaction';
    throw new UnavailableError({ kind: 'unavailable', field: 'storage', message: `cannot be read: ${error.message}`, hint });
  }
}
