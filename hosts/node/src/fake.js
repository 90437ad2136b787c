// A Hookwright for a platform's own tests. Only the network and the database are replaced, so the tests see the
// requests that would be sent.

import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { Hookwright } from './hookwright.js';
import { memoryStorage } from './storage/memory.js';
import { requireConnection } from './storage/transaction.js';
import { refuse, requireTexts, typeName } from './support/input.js';
import { setImmediate } from './support/timers.js';

const OUTCOMES = [
  'destination-prohibited', 'dns', 'connect', 'tls', 'timeout', 'protocol', 'invalid-request', 'internal',
];
const SEALING_KEY = `fake:${'00'.repeat(32)}`;

/** Records the events that are accepted and the requests that would be sent. `index.d.ts` documents its methods. */
export class Fake extends Hookwright {
  accepted = [];
  sent = [];
  #answers = new Map();

  static async open(options = {}) {
    const client = new RecordingClient();
    const fake = await super.open({ sealingKey: SEALING_KEY, ...options, storage: joinable(memoryStorage()), client });
    fake.sent = client.sent;
    fake.#answers = client.answers;
    return fake;
  }

  async onEvent(event, options) {
    const accepted = await super.onEvent(event, options);
    this.#record(event, options?.tenant, accepted);
    return accepted;
  }

  async onEvents(events, options) {
    const accepted = await super.onEvents(events, options);
    events.forEach((event, index) => this.#record(event, options?.tenant, accepted[index]));
    return accepted;
  }

  onEventSync(event, options) {
    const accepted = super.onEventSync(event, options);
    this.#record(event, options.tenant, accepted);
    return accepted;
  }

  onEventsSync(events, options) {
    const accepted = super.onEventsSync(events, options);
    events.forEach((event, index) => this.#record(event, options.tenant, accepted[index]));
    return accepted;
  }

  answer(url, outcome) {
    requireTexts({ url });
    const isStatus = Number.isInteger(outcome) && outcome >= 200 && outcome <= 599;
    if (!isStatus && !OUTCOMES.includes(outcome)) {
      const given = ['string', 'number'].includes(typeof outcome) ? `\`${outcome}\`` : typeName(outcome);
      refuse('outcome', `is ${given}`, `pass a status from 200 to 599, or one of ${OUTCOMES.join(', ')}`);
    }
    this.#answers.set(url, outcome);
  }

  assertAccepted(type, members = {}) {
    const found = this.accepted.find(({ event }) => event.type === type && matches(event, members));
    assert.ok(found, `no accepted event has the type ${type} and the members ${JSON.stringify(members)}; accepted were `
      + JSON.stringify(this.accepted.map(({ event }) => event)));
    return found;
  }

  assertNotAccepted(type) {
    const found = this.accepted.filter(({ event }) => type === undefined || event.type === type);
    assert.deepEqual(found.map(({ event }) => event), [], 'unexpected events were accepted');
  }

  async assertDelivered(url, check = () => true) {
    await this.deliver();
    const found = this.sent.find((request) => request.url === url && check(request));
    assert.ok(found, `no such request was sent to ${url}; requests went to ${this.sent.map((request) => request.url)}`);
    return found;
  }

  #record(event, tenant, { messageId, new: isNew }) {
    if (isNew) {
      // The event as the component sees it, without members that JSON cannot express.
      const value = JSON.parse(typeof event === 'string' ? event : JSON.stringify(event));
      this.accepted.push({ tenant: tenant ?? value.tenant ?? 'default', event: value, messageId });
    }
  }
}

// An HTTP client that records requests, and completes each with a prepared answer or a 200.
class RecordingClient {
  sent = [];
  answers = new Map();

  send({ method, url, headers, body }, done) {
    this.sent.push({
      method,
      url,
      headers: Object.fromEntries(headers.map(({ name, value }) => [name.toLowerCase(), value])),
      body: body?.val ?? null,
    });
    const outcome = this.answers.get(url) ?? 200;
    setImmediate(() => done(typeof outcome === 'number'
      ? { tag: 'ok', val: { status: outcome, headers: [], body: '', truncated: false } }
      : { tag: 'err', val: { kind: outcome, detail: 'a failure prepared with `answer`' } }));
    return () => {};
  }
}

// Accepts events at once, in every transaction that a real store might join.
function joinable(storage) {
  const join = (transaction) => {
    requireConnection(transaction);
    return storage;
  };
  return Object.assign(storage, { join, joinsSynchronously: true });
}

// True if the value has every member of the pattern, at any depth.
function matches(value, pattern) {
  if (pattern === null || typeof pattern !== 'object' || Array.isArray(pattern)) {
    return isDeepStrictEqual(value, pattern);
  }
  return value !== null && typeof value === 'object'
    && Object.entries(pattern).every(([name, member]) => matches(value[name], member));
}
