// Histories, replayed in this host and in the Rust host with the same clock and the same random bytes. Results,
// requests, commits and rows must be equal.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { compile } from '../src/component/compile.js';
import { Instance } from '../src/component/instance.js';
import { memoryStorage } from '../src/index.js';
import { keyOf } from '../src/storage/contract.js';
import { WIT_FUNCTIONS } from './support/contract.js';

const TEXT = readFileSync(new URL('../../../tests/data/history/histories.json', import.meta.url));
const HISTORIES = JSON.parse(TEXT);
const RUST = process.env.HOOKWRIGHT_HISTORY;

test('the histories call every function of the WIT', () => {
  const called = new Set(HISTORIES.flatMap(({ steps }) => steps.map(({ call }) => call)));
  assert.deepEqual(WIT_FUNCTIONS.filter((name) => !called.has(name)), []);
});

test('a history has the same results as in the Rust host', { skip: RUST === undefined && 'HOOKWRIGHT_HISTORY is not set' }, async (t) => {
  const expected = JSON.parse(execFileSync(RUST, { input: TEXT, maxBuffer: 64 * 1024 * 1024 }));
  assert.equal(expected.length, HISTORIES.length);
  for (const synchronously of [false, true]) {
    for (const [n, history] of HISTORIES.entries()) {
      await t.test(`${history.name}, with ${synchronously ? 'synchronous' : 'suspending'} bindings`, async () => {
        const actual = JSON.parse(JSON.stringify(await replay(history, synchronously)));
        assert.ok(actual.rows.length > 3 && actual.requests.length > 0);
        for (const part of ['answers', 'requests', 'commits', 'rows']) {
          assert.deepEqual(actual[part], expected[n][part], part);
        }
      });
    }
  }
});

// Makes the calls of a history. Returns its results, requests, commits and rows.
async function replay({ config, steps }, synchronously) {
  const record = { answers: [], requests: [], commits: [] };
  const state = { nowUs: 0n, random: 0, planned: [], finished: [] };
  const storage = memoryStorage();
  const call = await openInstance({ config, state, record, storage, synchronously });
  for (const scripted of steps) {
    const step = resolved(scripted, record.answers);
    state.nowUs = step.atMs === undefined ? state.nowUs : BigInt(step.atMs) * 1_000n;
    state.planned = [...step.answers ?? []];
    try {
      record.answers.push(await call((exports) => CALLS[step.call](exports, { json: '', ...step })) ?? null);
    } catch (error) {
      assert.ok(error.kind !== undefined, error.stack);
      const { kind, field = null, reason, hint = null } = error;
      record.answers.push({ error: { kind, field, message: reason, hint } });
    }
  }
  record.rows = storage.scan({ start: '!', end: '~' }, 1_000, 'forward')
    .map(({ key, value, version }) => [key, value, String(version)]);
  return record;
}

// Returns a function that makes a call on a configured instance.
async function openInstance({ config, state, record, storage, synchronously }) {
  const world = {
    now: () => state.nowUs,
    random: (length) => Uint8Array.from({ length }, () => (++state.random * 167) % 251),
    log: () => {},
  };
  const instance = new Instance(await compile(), world, scriptedQueue(state, record), { synchronously });
  instance.storage = recording(storage, record);
  const call = (run) => (synchronously ? instance.callSync(run) : instance.call(run));
  await call(({ webhooks }) => webhooks.configure({
    profile: config.profile,
    profiles: [],
    sealingKeys: [{ id: 'k1', key: '07'.repeat(32) }],
    allowDestinations: config.allowDestinations ?? [],
    plainHttp: 'allowed',
  }));
  return call;
}

// Returns the step with ids instead of references: `#2` is the id that step 2 returned.
function resolved(step, answers) {
  const id = (text) => {
    if (!text?.startsWith('#')) {
      return text;
    }
    const answer = answers[text.slice(1)];
    return typeof answer === 'string' ? JSON.parse(answer).id : answer[0];
  };
  return { ...step, id: id(step.id), message: id(step.message) };
}

// The result of each call as JSON. With suspending bindings it is a promise.
const then = (answer, of) => (typeof answer?.then === 'function' ? answer.then(of) : of(answer));
const CALLS = {
  onEvent: ({ webhooks }, { tenant, json }) =>
    then(webhooks.onEvent(tenant, json), ({ messageId, new: isNew }) => [messageId, isNew]),
  onEvents: ({ webhooks }, { tenant, events }) =>
    then(webhooks.onEvents(tenant, events), (all) => all.flatMap(({ messageId, new: isNew }) => [messageId, isNew])),
  register: ({ webhooks }, { tenant = 'acme', json }) => webhooks.register(tenant, json),
  update: ({ webhooks }, { tenant = 'acme', id, json }) => webhooks.update(tenant, id, json),
  get: ({ webhooks }, { tenant = 'acme', id }) => webhooks.get(tenant, id),
  list: ({ webhooks }, { tenant = 'acme', limit = 50 }) => webhooks.list(tenant, undefined, limit),
  unregister: ({ webhooks }, { tenant = 'acme', id }) => webhooks.unregister(tenant, id),
  rotateSecret: ({ webhooks }, { tenant = 'acme', id, secret }) => webhooks.rotateSecret(tenant, id, secret, undefined),
  testWebhook: ({ webhooks }, { tenant = 'acme', id }) => webhooks.testWebhook(tenant, id),
  attempts: ({ webhooks }, { tenant = 'acme', id, limit = 50 }) => webhooks.attempts(tenant, id, undefined, limit),
  message: ({ webhooks }, { tenant = 'acme', message }) => webhooks.message(tenant, message),
  messageAttempts: ({ webhooks }, { tenant = 'acme', message, limit = 50 }) =>
    webhooks.messageAttempts(tenant, message, undefined, limit),
  payload: ({ webhooks }, { tenant = 'acme', message, id }) => webhooks.payload(tenant, message, id),
  explain: ({ webhooks }, { tenant = 'acme', message, id }) => webhooks.explain(tenant, message, id),
  redeliver: ({ webhooks }, { tenant = 'acme', message, id }) => webhooks.redeliver(tenant, message, id),
  recover: ({ webhooks }, { tenant = 'acme', id, json }) => webhooks.recover(tenant, id, json),
  replay: ({ webhooks }, { tenant = 'acme', id, json }) => webhooks.replay(tenant, id, json),
  erase: ({ webhooks }, { tenant = 'acme', json }) => webhooks.erase(tenant, json),
  job: ({ webhooks }, { tenant = 'acme', id }) => webhooks.job(tenant, id),
  jobs: ({ webhooks }, { tenant = 'acme', limit = 50 }) => webhooks.jobs(tenant, undefined, limit),
  cancelJob: ({ webhooks }, { tenant = 'acme', id }) => webhooks.cancelJob(tenant, id),
  settings: ({ webhooks }, { tenant = 'acme' }) => webhooks.settings(tenant),
  updateSettings: ({ webhooks }, { tenant = 'acme', json }) => webhooks.updateSettings(tenant, json),
  eventTypes: ({ webhooks }) => webhooks.eventTypes(),
  reclaimLeases: ({ webhooks }) => webhooks.reclaimLeases(),
  deliver: ({ webhooks }) => then(webhooks.deliver({ timeMs: 60_000, attemptsMax: 1_000 }), (report) =>
    [report.routed, report.attempts, report.delivered, report.nextDueMs, report.problems]),
  handle: (exports, { tenant = 'acme', method = 'GET', path = '/', query = '', json }) =>
    then(
      exports.console.handle(
        { method, path, query, body: json },
        { tenant, user: 'u1', permissions: ['manage:webhook'] },
      ),
      ({ status, headers, body }) => [status, headers.map(({ name, value }) => [name, value]), body],
    ),
};

// A store that records its commits.
function recording(storage, record) {
  return {
    get: (keys) => storage.get(keys),
    scan: (...args) => storage.scan(...args),
    commit(checks, mutations) {
      record.commits.push([
        checks.map(({ key, version }) => [key, version === undefined ? null : String(version)]),
        mutations.map((mutation) => (mutation.tag === 'put'
          ? ['put', mutation.val.key, mutation.val.value]
          : ['delete', keyOf(mutation)])),
      ]);
      return storage.commit(checks, mutations);
    },
  };
}

// A queue that records its requests, and completes each with the planned status or a failure.
function scriptedQueue(state, record) {
  return {
    submit(requests) {
      for (const { id, method, url, headers, body, timeoutMs, responseBytesMax, egress } of requests) {
        const pairs = headers.map(({ name, value }) => [name, value]);
        record.requests.push(
          [method, url, pairs, body?.val ?? null, timeoutMs, responseBytesMax, egress.allow, egress.deny],
        );
        const planned = state.planned.shift() ?? 200;
        const outcome = typeof planned === 'number'
          ? { tag: 'ok', val: { status: planned, headers: [], body: '{"seen":true}', truncated: false } }
          : { tag: 'err', val: { kind: 'connect', detail: 'nobody there' } };
        state.finished.push({ id, durationMs: 7, outcome });
      }
    },
    wait(timeoutMs) {
      if (state.finished.length === 0) {
        state.nowUs += BigInt(timeoutMs) * 1_000n;
      }
      return { completions: state.finished.splice(0), signal: 'none' };
    },
    dispose: () => {},
  };
}
