// The class that a platform holds: calls over one store and one configuration, and background workers.

import { acceptOptions, callerOf, callOptions, eventTexts, pageOf, requestOf, syncOptions } from './api/arguments.js';
import { Calls } from './api/calls.js';
import { fastifyPlugin } from './api/fastify.js';
import { middleware } from './api/middleware.js';
import { readOptions, refusalAsGiven } from './api/options.js';
import { withoutInternals } from './api/problem.js';
import { compile } from './component/compile.js';
import { systemWorld } from './component/world.js';
import { HttpClient } from './http/client.js';
import { UnavailableError } from './support/errors.js';
import { jsonText, optionalInteger, optionalTexts, requireTexts } from './support/input.js';
import { DELIVER_MS_DEFAULT, STOP_MS_DEFAULT, U32_MAX } from './support/limits.js';
import { after } from './support/timers.js';
import { startWorkers } from './worker/background.js';

/** The webhooks of a platform. `index.d.ts` documents its methods. */
export class Hookwright {
  #calls;
  #setup;
  #client;
  #workerOptions;
  #workers = null;
  // The result of `start` until the workers are stopped.
  #starting = null;
  // Aborted when the workers are stopped. It removes the listener of the signal that was passed to `start`.
  #workersStopped = null;
  #stopping = Promise.resolve();
  #closing = null;

  /** Reads the options, checks that the store can be read, and configures a first instance. Starts no workers. */
  static async open(options) {
    const modules = await compile();
    const opened = new this(modules, options);
    await requireReadable(options.storage);
    try {
      await opened.#calls.run(() => {});
    } catch (error) {
      throw refusalAsGiven(error, options);
    }
    return opened;
  }

  /** @private use `Hookwright.open` */
  constructor(modules, options) {
    const { config, egress, workers, world, client } = readOptions(options);
    this.#client = client ?? new HttpClient(egress);
    this.#setup = {
      config,
      egress: { ca: egress.ca, proxy: egress.proxy },
      storage: options.storage,
      world: { ...systemWorld, ...world, log: neverThrowing(world.log ?? systemWorld.log) },
      client: this.#client,
    };
    this.#workerOptions = workers;
    this.#calls = new Calls(modules, this.#setup);
  }

  async onEvent(event, options) {
    const given = acceptOptions(options);
    const text = jsonText('event', event);
    return this.#accept(({ webhooks }) => webhooks.onEvent(given.tenant, text), given);
  }

  async onEvents(events, options) {
    const given = acceptOptions(options);
    const texts = eventTexts(events);
    return this.#accept(({ webhooks }) => webhooks.onEvents(given.tenant, texts), given);
  }

  onEventSync(event, options) {
    const { tenant, transaction } = syncOptions(options);
    const text = jsonText('event', event);
    return this.#calls.runJoinedSync(transaction, ({ webhooks }) => webhooks.onEvent(tenant, text));
  }

  onEventsSync(events, options) {
    const { tenant, transaction } = syncOptions(options);
    const texts = eventTexts(events);
    return this.#calls.runJoinedSync(transaction, ({ webhooks }) => webhooks.onEvents(tenant, texts));
  }

  async register(tenant, registration) {
    return this.#calls.json({ tenant }, ({ webhooks }, text) => webhooks.register(tenant, text), { registration });
  }

  async update(tenant, webhookId, changes) {
    const ids = { tenant, webhookId };
    return this.#calls.json(ids, ({ webhooks }, text) => webhooks.update(tenant, webhookId, text), { changes });
  }

  async get(tenant, webhookId) {
    return this.#calls.json({ tenant, webhookId }, ({ webhooks }) => webhooks.get(tenant, webhookId));
  }

  async list(tenant, paging) {
    const { cursor, limit } = pageOf(paging);
    return this.#calls.json({ tenant }, ({ webhooks }) => webhooks.list(tenant, cursor, limit));
  }

  async unregister(tenant, webhookId) {
    requireTexts({ tenant, webhookId });
    await this.#calls.run(({ webhooks }) => webhooks.unregister(tenant, webhookId));
    this.signalWork();
  }

  async rotateSecret(tenant, webhookId, options) {
    const given = callOptions(options, ['secret', 'overlapS']);
    const { secret } = optionalTexts({ secret: given.secret });
    const overlapS = optionalInteger('overlapS', given.overlapS);
    const ids = { tenant, webhookId };
    return this.#calls.json(ids, ({ webhooks }) => webhooks.rotateSecret(tenant, webhookId, secret, overlapS));
  }

  async testWebhook(tenant, webhookId, options) {
    const { event, signal } = callOptions(options, ['event', 'signal']);
    const ids = { tenant, webhookId };
    const input = event == null ? {} : { event };
    return this.#calls.json(ids, ({ webhooks }, text) => webhooks.testWebhook(tenant, webhookId, text), input, { signal });
  }

  async attempts(tenant, webhookId, paging) {
    const { cursor, limit } = pageOf(paging);
    const ids = { tenant, webhookId };
    return this.#calls.json(ids, ({ webhooks }) => webhooks.attempts(tenant, webhookId, cursor, limit));
  }

  async message(tenant, messageId) {
    return this.#calls.json({ tenant, messageId }, ({ webhooks }) => webhooks.message(tenant, messageId));
  }

  async messageAttempts(tenant, messageId, paging) {
    const { cursor, limit } = pageOf(paging);
    const ids = { tenant, messageId };
    return this.#calls.json(ids, ({ webhooks }) => webhooks.messageAttempts(tenant, messageId, cursor, limit));
  }

  async payload(tenant, messageId, webhookId) {
    requireTexts({ tenant, messageId, webhookId });
    return this.#calls.run(({ webhooks }) => webhooks.payload(tenant, messageId, webhookId));
  }

  async explain(tenant, messageId, webhookId) {
    const ids = { tenant, messageId, webhookId };
    return this.#calls.json(ids, ({ webhooks }) => webhooks.explain(tenant, messageId, webhookId));
  }

  async redeliver(tenant, messageId, options) {
    const { webhookId } = optionalTexts(callOptions(options, ['webhookId'], ['webhookId']));
    return this.#thenWork({ tenant, messageId }, ({ webhooks }) => webhooks.redeliver(tenant, messageId, webhookId));
  }

  async recover(tenant, webhookId, range) {
    const ids = { tenant, webhookId };
    return this.#thenWork(ids, ({ webhooks }, text) => webhooks.recover(tenant, webhookId, text), { range });
  }

  async replay(tenant, webhookId, range) {
    const ids = { tenant, webhookId };
    return this.#thenWork(ids, ({ webhooks }, text) => webhooks.replay(tenant, webhookId, text), { range });
  }

  async erase(tenant, request) {
    return this.#thenWork({ tenant }, ({ webhooks }, text) => webhooks.erase(tenant, text), { request });
  }

  async job(tenant, jobId) {
    return this.#calls.json({ tenant, jobId }, ({ webhooks }) => webhooks.job(tenant, jobId));
  }

  async jobs(tenant, paging) {
    const { cursor, limit } = pageOf(paging);
    return this.#calls.json({ tenant }, ({ webhooks }) => webhooks.jobs(tenant, cursor, limit));
  }

  async cancelJob(tenant, jobId) {
    return this.#calls.json({ tenant, jobId }, ({ webhooks }) => webhooks.cancelJob(tenant, jobId));
  }

  async settings(tenant) {
    return this.#calls.json({ tenant }, ({ webhooks }) => webhooks.settings(tenant));
  }

  async updateSettings(tenant, changes) {
    return this.#calls.json({ tenant }, ({ webhooks }, text) => webhooks.updateSettings(tenant, text), { changes });
  }

  async eventTypes() {
    return this.#calls.json({}, ({ webhooks }) => webhooks.eventTypes());
  }

  async deliver(options) {
    const given = callOptions(options, ['timeMs', 'attemptsMax', 'signal']);
    const timeMs = optionalInteger('timeMs', given.timeMs) ?? DELIVER_MS_DEFAULT;
    const attemptsMax = optionalInteger('attemptsMax', given.attemptsMax) ?? U32_MAX;
    return this.#calls.runDraining(({ webhooks }) => webhooks.deliver({ timeMs, attemptsMax }), given.signal);
  }

  async reclaimLeases() {
    return this.#calls.run(({ webhooks }) => webhooks.reclaimLeases());
  }

  async handle(request, caller) {
    const asked = requestOf(request);
    const known = callerOf(caller);
    const response = await this.#calls.run((exports) => exports.console.handle(asked, known));
    const { method } = asked;
    if (method !== 'GET' && method !== 'HEAD') {
      this.signalWork();
    }
    return withoutInternals(response, asked, (message) => this.#logError(message));
  }

  middleware(options) {
    return middleware(this, options, (message) => this.#logError(message));
  }

  fastify(options) {
    return fastifyPlugin(this, options, (message) => this.#logError(message));
  }

  start(options) {
    const { signal } = callOptions(options, ['signal']);
    this.#calls.requireOpen();
    if (signal?.aborted) {
      return Promise.resolve(this);
    }
    this.#starting ??= this.#start(signal);
    return this.#starting;
  }

  async stop(options) {
    await this.#stop(stopMs(options));
  }

  signalWork() {
    this.#workers?.signalWork();
  }

  async close(options) {
    this.#closing ??= this.#close(stopMs(options));
    await this.#closing;
  }

  async [Symbol.asyncDispose]() {
    await this.close();
  }

  #start(signal) {
    const workers = startWorkers(this.#setup, this.#workerOptions);
    const stopped = new AbortController();
    this.#workers = workers;
    this.#workersStopped = stopped;
    signal?.addEventListener('abort', () => this.stop(), { once: true, signal: stopped.signal });
    const started = workers.started.then(() => this, (error) => {
      this.#logError(error.message);
      stopped.abort();
      if (this.#workers === workers) {
        this.#workers = null;
        this.#starting = null;
      }
      throw error;
    });
    // A platform that does not await the start finds the error in the log.
    started.catch(() => {});
    return started;
  }

  async #stop(timeoutMs) {
    const workers = this.#workers;
    if (workers !== null) {
      this.#workers = null;
      this.#starting = null;
      this.#workersStopped.abort();
      // Callers that come meanwhile wait for the same workers.
      this.#stopping = Promise.all([this.#stopping, workers.stop(timeoutMs)]);
    }
    await this.#stopping;
  }

  async #close(timeoutMs) {
    const deadline = after(timeoutMs);
    await Promise.all([this.#calls.close(deadline.reached), this.#stop(timeoutMs)]);
    deadline.stop();
    await this.#client.close?.();
    await this.#setup.storage.close?.();
  }

  #logError(message) {
    this.#setup.world.log('error', message);
  }

  async #accept(call, { transaction, signal }) {
    if (transaction !== undefined) {
      signal?.throwIfAborted();
      return this.#calls.runJoined(transaction, call);
    }
    const accepted = await this.#calls.run(call, signal);
    this.signalWork();
    return accepted;
  }

  // For calls after which the workers have something to do.
  async #thenWork(...call) {
    const result = await this.#calls.json(...call);
    this.signalWork();
    return result;
  }
}

function stopMs(options) {
  return optionalInteger('timeoutMs', callOptions(options, ['timeoutMs']).timeoutMs) ?? STOP_MS_DEFAULT;
}

// A log that throws must end neither an instance in the middle of a call, nor a worker.
function neverThrowing(log) {
  return (level, message) => {
    try {
      log(level, message);
    } catch {
      // The failure cannot be logged either.
    }
  };
}

async function requireReadable(storage) {
  try {
    await storage.scan({ start: '!', end: '"' }, 1, 'forward');
  } catch (error) {
    throw new UnavailableError({
      kind: 'unavailable',
      field: 'storage',
      message: `cannot be read: ${error.message}`,
      hint: error.hint ?? 'create the table with `await storage.createSchema()`, outside any transaction',
      cause: error,
    });
  }
}
