// How the tests open a Hookwright.

import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Hookwright, memoryStorage, sqliteStorage } from '../../src/index.js';

export const KEY = `k1:${'07'.repeat(32)}`;
export const LOOPBACK = { allowDestinations: ['127.0.0.0/8'] };

/** With rows in memory, unless the options say otherwise; closed when the test ends. */
export async function openHooks(t, options = {}) {
  const hooks = await Hookwright.open({ storage: memoryStorage(), sealingKey: KEY, egress: LOOPBACK, ...options });
  t.after(() => hooks.close());
  return hooks;
}

/** A folder that goes with the test. */
export function temporaryFolder(t) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'hw-node-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A SQLite store in a file of its own. */
export async function temporarySqlite(t) {
  const file = path.join(temporaryFolder(t), 'app.db');
  const storage = sqliteStorage(file);
  await storage.createSchema();
  return { file, storage };
}
