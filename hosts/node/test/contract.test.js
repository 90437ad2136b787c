// The methods and types of the package, compared with the WIT and with the results of the component.

import assert from 'node:assert/strict';
import { cpSync, renameSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { Hookwright } from '../src/index.js';
import { membersOf, TYPES, WIT_FUNCTIONS } from './support/contract.js';
import { acceptInvoice, openFake, subscribe, temporaryFolder, TENANT } from './support/open.js';

test('every function of the WIT has a method and a type', () => {
  assert.ok(WIT_FUNCTIONS.length > 15);
  for (const name of WIT_FUNCTIONS) {
    assert.equal(typeof Hookwright.prototype[name], 'function', name);
    assert.match(TYPES, new RegExp(`^  ${name}\\(`, 'm'), name);
  }
});

test('the types have the members of the results', async (t) => {
  const fake = await openFake(t);
  const { secret, ...webhook } = await subscribe(fake, 'https://hooks.example.com/in');
  const { messageId } = await acceptInvoice(fake, 'a');
  const report = await fake.deliver();
  const since = new Date(Date.now() - 60_000).toISOString();
  const { id } = await fake.recover(TENANT, webhook.id, { since, until: new Date().toISOString() });
  await fake.deliver();
  const results = {
    Webhook: webhook,
    Attempt: (await fake.attempts(TENANT, webhook.id)).data[0],
    Page: await fake.list(TENANT),
    Message: await fake.message(TENANT, messageId),
    Explanation: await fake.explain(TENANT, messageId, webhook.id),
    Job: await fake.job(TENANT, id),
    DeliveryReport: report,
    TenantSettings: await fake.settings(TENANT),
  };
  for (const [name, result] of Object.entries(results)) {
    const { required, optional } = membersOf(name);
    const actual = Object.keys(result).filter((member) => !optional.includes(member));
    assert.deepEqual(actual.sort(), required.sort(), name);
  }
});

test('a component that could not be read is read again by the next call', async (t) => {
  const folder = temporaryFolder(t);
  for (const part of ['src', 'component', 'package.json']) {
    cpSync(new URL(`../${part}`, import.meta.url), path.join(folder, part), { recursive: true });
  }
  const { compile } = await import(pathToFileURL(path.join(folder, 'src/component/compile.js')).href);
  const [core, moved] = ['component.core2.wasm', 'moved'].map((name) => path.join(folder, 'component', name));
  renameSync(core, moved);
  await assert.rejects(compile(), { code: 'ENOENT' });
  renameSync(moved, core);
  assert.equal((await compile()).size, 3);
});
