// DNS lookups: their bounds, and names whose servers are slow.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { HttpClient } from '../src/http/client.js';
import { Lookups } from '../src/http/lookups.js';
import { system } from '../src/http/network.js';
import { LOOKUPS_MAX, LOOKUP_SLOW_MS } from '../src/support/limits.js';
import { exchange, request } from './support/client.js';
import { openReceiver } from './support/open.js';

// A resolver with two threads, like the system's. Lookups of names that begin with `slow` end when `silent` is
// resolved.
function twoThreads() {
  const silent = Promise.withResolvers();
  const lookedUp = [];
  const waiting = [];
  let idle = 2;
  const lookup = async (name) => {
    lookedUp.push(name);
    if (idle === 0) {
      await new Promise((resolve) => { waiting.push(resolve); });
    } else {
      idle -= 1;
    }
    const found = name.startsWith('slow') ? await silent.promise : ['127.0.0.1'];
    const next = waiting.shift();
    if (next === undefined) {
      idle += 1;
    } else {
      next();
    }
    return found;
  };
  return { lookup, lookedUp, silent };
}

test('a name whose servers do not answer does not delay other names', async (t) => {
  const receiver = await openReceiver(t);
  const { port } = new URL(receiver.url());
  const { lookup, lookedUp, silent } = twoThreads();
  const client = new HttpClient({ network: { lookup, dial: system.dial }, connectMsMax: 1_200 });
  t.after(() => client.close());
  const send = async (host) => {
    const { tag, val } = await exchange(client, request(`http://${host}:${port}/`, { timeoutMs: 5_000 }));
    return tag === 'ok' ? val.status : `${val.kind}: ${val.detail}`;
  };
  const slow = Promise.all(Array.from({ length: 20 }, () => send('slow-1.example')));
  assert.deepEqual(await Promise.all(['a.example', 'b.example'].map(send)), [200, 200]);
  for (const outcome of await slow) {
    assert.match(outcome, /^dns: .*in time/);
  }
  // The 20 requests share one lookup.
  assert.deepEqual(lookedUp.splice(0), ['slow-1.example', 'a.example', 'b.example']);
  silent.resolve(['127.0.0.1']);
  assert.equal(await send('slow-1.example'), 200);
});

// Lookups over a resolver that the test answers by hand.
function answeredByHand() {
  const lookedUp = [];
  const answers = new Map();
  const lookups = new Lookups({
    lookup(name) {
      lookedUp.push(name);
      const found = Promise.withResolvers();
      answers.set(name, found.resolve);
      return found.promise;
    },
  });
  return { lookups, lookedUp, answer: (name, address) => answers.get(name)([address]) };
}

test('slow names share one place', async () => {
  const { lookups, lookedUp, answer } = answeredByHand();
  const first = ['s1', 's2'].map((name) => lookups.lookup(name));
  await sleep(LOOKUP_SLOW_MS + 100);
  ['s1', 's2'].forEach((name) => answer(name, name));
  assert.deepEqual(await Promise.all(first), [['s1'], ['s2']]);
  const second = ['s1', 's2', 'quick'].map((name) => lookups.lookup(name));
  assert.deepEqual(lookedUp.splice(0), ['s1', 's2', 's1', 'quick']);
  answer('s1', '1');
  answer('quick', 'q');
  await Promise.all([second[0], second[2]]);
  assert.deepEqual(lookedUp.splice(0), ['s2']);
  answer('s2', '2');
  assert.deepEqual(await second[1], ['2']);
});

test('a lookup beyond the bound waits, and is dropped with its last caller', async () => {
  const { lookups, lookedUp, answer } = answeredByHand();
  const names = Array.from({ length: LOOKUPS_MAX }, (_, n) => `n${n}`);
  const running = names.map((name) => lookups.lookup(name));
  const controller = new AbortController();
  const dropped = lookups.lookup('dropped', controller.signal);
  const kept = lookups.lookup('kept');
  controller.abort();
  await assert.rejects(dropped, /in time/);
  names.forEach((name) => answer(name, name));
  await Promise.all(running);
  answer('kept', 'k');
  assert.deepEqual(await kept, ['k']);
  assert.deepEqual(lookedUp, [...names, 'kept']);
});
