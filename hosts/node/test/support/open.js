// Opens the objects that most tests need, and closes them at the end of the test.

import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Hookwright, memoryStorage, sqliteStorage } from '../../src/index.js';
import { startReceiver } from './receiver.js';

export const SEALING_KEY = `k1:${'07'.repeat(32)}`;
export const LOOPBACK = { allowDestinations: ['127.0.0.0/8'] };
export const TENANT = 'acme';

/** Returns a Hookwright, over rows in memory by default. */
export async function openWebhooks(t, options = {}) {
  const webhooks = await Hookwright.open({
    storage: memoryStorage(), sealingKey: SEALING_KEY, egress: LOOPBACK, ...options,
  });
  t.after(() => webhooks.close());
  return webhooks;
}

/** Returns a fake Hookwright. */
export async function openFake(t) {
  const fake = await Hookwright.fake();
  t.after(() => fake.close());
  return fake;
}

/**
 * Returns a receiver on loopback. `respond(n)` returns the status of the response to request `n`, or a promise of it.
 */
export async function openReceiver(t, respond) {
  const receiver = await startReceiver(respond);
  t.after(() => receiver.close());
  return receiver;
}

/** Registers a webhook for all events. Returns it with its secret. */
export function subscribe(webhooks, url, registration = {}) {
  return webhooks.register(TENANT, { url, events: ['*'], ...registration });
}

/** Returns a Hookwright and a receiver with a webhook. */
export async function openSubscribed(t, { respond, ...options } = {}) {
  // The Hookwright is closed first, while the receiver still responds to its requests.
  const webhooks = await openWebhooks(t, options);
  const receiver = await openReceiver(t, respond);
  const webhook = await subscribe(webhooks, receiver.url());
  return { webhooks, receiver, webhook };
}

/** Returns an event with this id. */
export function invoicePaid(id) {
  return { type: 'invoice.paid', id: String(id), data: { amount: 42 } };
}

/** Accepts an event with this id. */
export function acceptInvoice(webhooks, id, options = {}) {
  return webhooks.onEvent(invoicePaid(id), { tenant: TENANT, ...options });
}

/** Delivers until no attempt is due. */
export async function deliverAll(webhooks) {
  while ((await webhooks.deliver()).attempts > 0);
}

/** Returns a folder that is removed at the end of the test. */
export function temporaryFolder(t) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'hw-node-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Returns a SQLite store in a file of its own, with its table. */
export async function temporarySqlite(t) {
  const file = path.join(temporaryFolder(t), 'app.db');
  const storage = sqliteStorage(file);
  await storage.createSchema();
  return { file, storage };
}
