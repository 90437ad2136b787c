// One history replayed in this host and in the Rust host, with ids and clock injected, leaves the same behind: answers,
// requests, commits, rows.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { compile } from '../src/component/compile.js';
import { Instance } from '../src/component/instance.js';
import { memoryStorage } from '../src/index.js';
import { keyOf } from '../src/storage/contract.js';

const TEXT = readFileSync(new URL('../../../tests/data/history/histories.json', import.meta.url));
const HISTORIES = JSON.parse(TEXT);
const RUST = process.env.HOOKWRIGHT_HISTORY;

test('every function of the WIT is called by a history', () => {
  const wit = readFileSync(new URL('../../../wit/webhooks.wit', import.meta.url), 'utf8');
  const names = [...wit.matchAll(/^  %?([a-z-]+): func\(/gm)].map(([, name]) => name.replace(/-(.)/g, (_, c) => c.toUpperCase()));
  const called = new Set(HISTORIES.flatMap(({ steps }) => steps.map(({ call }) => call)));
  assert.deepEqual(names.filter((name) => name !== 'configure' && !called.has(name)), []);
});

test('the histories come out as in the Rust host', { skip: RUST === undefined && 'HOOKWRIGHT_HISTORY is not set' }, async (t) => {
  const expected = JSON.parse(execFileSync(RUST, { input: TEXT, maxBuffer: 64 * 1024 * 1024 }));
  assert.equal(expected.length, HISTORIES.length);
  for (const synchronously of [false, true]) {
    for (const [n, history] of HISTORIES.entries()) {
      await t.test(`${history.name}, ${synchronously ? 'synchronously' : 'suspending'}`, async () => {
        const came = JSON.parse(JSON.stringify(await replay(history, synchronously)));
        assert.ok(came.rows.length > 3 && came.requests.length > 0);
        for (const part of ['answers', 'requests', 'commits', 'rows']) {
          assert.deepEqual(came[part], expected[n][part], part);
        }
      });
    }
  }
});

async function replay({ config, steps }, synchronously) {
  const came = { answers: [], requests: [], commits: [] };
  const state = { nowUs: 0n, random: 0, planned: [], finished: [] };
  const storage = memoryStorage();
  const world = {
    now: () => state.nowUs,
    random: (length) => Uint8Array.from({ length }, () => (++state.random * 167) % 251),
    log: () => {},
  };
  const instance = new Instance(await compile(), world, scriptedQueue(state, came), { synchronously });
  instance.storage = recording(storage, came);
  const call = (run) => (synchronously ? instance.callSync(run) : instance.call(run));
  await call(({ webhooks }) => webhooks.configure({
    profile: config.profile,
    profiles: [],
    sealingKeys: [{ id: 'k1', key: '07'.repeat(32) }],
    allowDestinations: config.allowDestinations ?? [],
    plainHttp: 'allowed',
  }));
  for (const scripted of steps) {
    const step = resolved(scripted, came.answers);
    state.nowUs = step.atMs === undefined ? state.nowUs : BigInt(step.atMs) * 1_000n;
    state.planned = [...step.answers ?? []];
    try {
      came.answers.push(await call((exports) => CALLS[step.call](exports, { json: '', ...step })) ?? null);
    } catch (error) {
      assert.ok(error.kind !== undefined, String(error.stack));
      const { kind, field = null, reason, hint = null } = error;
      came.answers.push({ error: { kind, field, message: reason, hint } });
    }
  }
  came.rows = storage.scan({ start: '!', end: '~' }, 1_000, 'forward')
    .map(({ key, value, version }) => [key, value, String(version)]);
  return came;
}

// The step with the ids that earlier ones were answered in the place of their numbers.
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

// What a call answers is JSON, whatever its type: a promise where the instance suspends.
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

function recording(storage, came) {
  return {
    get: (keys) => storage.get(keys),
    scan: (...args) => storage.scan(...args),
    commit(checks, mutations) {
      came.commits.push([
        checks.map(({ key, version }) => [key, version === undefined ? null : String(version)]),
        mutations.map((mutation) => (mutation.tag === 'put'
          ? ['put', mutation.val.key, mutation.val.value]
          : ['delete', keyOf(mutation)])),
      ]);
      return storage.commit(checks, mutations);
    },
  };
}

function scriptedQueue(state, came) {
  return {
    submit(requests) {
      for (const { id, method, url, headers, body, timeoutMs, responseBytesMax, egress } of requests) {
        const pairs = headers.map(({ name, value }) => [name, value]);
        came.requests.push(
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
