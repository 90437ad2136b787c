// A Hookwright for a platform's own tests: everything but the network and the database is the real thing, so that what the
// tests see is what would be sent.

import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { Hookwright } from './hookwright.js';
import { memoryStorage } from './storage/memory.js';

const NO_TRANSACTION = {};
const SEALING_KEY = `fake:${'00'.repeat(32)}`;

/** Records what is accepted and what would be sent. Made by `Hookwright.fake()`. */
export class Fake extends Hookwright {
  /** Events that were accepted, in order: `{ tenant, event, messageId }`. */
  accepted = [];
  /** Requests that would have been sent, in order: `{ method, url, headers, body }`. */
  sent = [];
  #answers = new Map();

  /** The options of `Hookwright.open`, none of them required; rows are in memory. */
  static open(options = {}) {
    const sent = [];
    const answers = new Map();
    return super.open({
      sealingKey: SEALING_KEY,
      ...options,
      // Inside a transaction or not: in a fake everything is accepted at once.
      storage: joinable(memoryStorage()),
      client: { send: (request, done) => record(sent, answers, request, done) },
    }).then((fake) => Object.assign(fake, { sent }).#answering(answers));
  }

  async onEvent(event, { tenant, signal } = {}) {
    const accepted = await super.onEvent(event, { tenant, signal });
    this.#note(event, tenant, accepted);
    return accepted;
  }

  async onEvents(events, { tenant, signal } = {}) {
    const accepted = await super.onEvents(events, { tenant, signal });
    events.forEach((event, index) => this.#note(event, tenant, accepted[index]));
    return accepted;
  }

  onEventSync(event, options = {}) {
    const accepted = super.onEventSync(event, { ...options, transaction: NO_TRANSACTION });
    this.#note(event, options.tenant, accepted);
    return accepted;
  }

  onEventsSync(events, options = {}) {
    const accepted = super.onEventsSync(events, { ...options, transaction: NO_TRANSACTION });
    events.forEach((event, index) => this.#note(event, options.tenant, accepted[index]));
    return accepted;
  }

  /** What a receiver answers from now on: a status, or an error's kind. Without it everything is a 200. */
  answer(url, outcome) {
    this.#answers.set(url, outcome);
  }

  /** An event of this type was accepted that has at least these members; answers the first. */
  assertAccepted(type, members = {}) {
    const found = this.accepted.find(({ event }) => event.type === type && has(event, members));
    assert.ok(found, `no event ${type} with ${JSON.stringify(members)} was accepted; there are `
      + JSON.stringify(this.accepted.map(({ event }) => event)));
    return found;
  }

  /** No event of this type was accepted, or none at all. */
  assertNotAccepted(type) {
    const found = this.accepted.filter(({ event }) => type === undefined || event.type === type);
    assert.deepEqual(found.map(({ event }) => event), [], 'events were accepted that should not have been');
  }

  /** Delivers what is due, and asserts that a request to this URL would have been sent; answers the first. */
  async assertDelivered(url, check = () => true) {
    await this.deliver();
    const found = this.sent.find((request) => request.url === url && check(request));
    assert.ok(found, `nothing was sent to ${url}; there are requests to ${this.sent.map((request) => request.url)}`);
    return found;
  }

  #answering(answers) {
    this.#answers = answers;
    return this;
  }

  #note(event, tenant, { messageId, new: isNew }) {
    if (isNew) {
      // As the component sees it: without what JSON has no words for.
      const value = JSON.parse(typeof event === 'string' ? event : JSON.stringify(event));
      this.accepted.push({ tenant: tenant ?? value.tenant ?? 'default', event: value, messageId });
    }
  }
}

function joinable(storage) {
  return Object.assign(storage, { join: () => storage, joinsSynchronously: true });
}

function record(sent, answers, { method, url, headers, body }, done) {
  sent.push({
    method,
    url,
    headers: Object.fromEntries(headers.map(({ name, value }) => [name.toLowerCase(), value])),
    body: body?.val ?? null,
  });
  const outcome = answers.get(url) ?? 200;
  setImmediate(() => done(typeof outcome === 'number'
    ? { tag: 'ok', val: { status: outcome, headers: [], body: '', truncated: false } }
    : { tag: 'err', val: { kind: outcome, detail: 'as the fake was told' } }));
  return () => {};
}

// Every member of the pattern is there, at any depth.
function has(value, pattern) {
  if (pattern === null || typeof pattern !== 'object' || Array.isArray(pattern)) {
    return isDeepStrictEqual(value, pattern);
  }
  return value !== null && typeof value === 'object'
    && Object.entries(pattern).every(([name, member]) => has(value[name], member));
}
