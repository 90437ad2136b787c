// Uses of the types. Each one compiles, except those that expect an error.

import { DatabaseSync } from 'node:sqlite';
import { createServer } from 'node:http';
import pg from 'pg';
import {
  ConflictError, Hookwright, memoryStorage, postgresStorage, sqliteStorage, StorageError, verify, type Storage,
} from 'hookwright';

const db = new DatabaseSync(':memory:');
const sqlite = await Hookwright.open({ storage: sqliteStorage('app.db'), sealingKey: 'k1:00', limits: { retentionS: 5 } });
const { messageId } = await sqlite.onEvent({ type: 'a.b' }, { tenant: 'acme', transaction: db });
sqlite.onEventSync('{"type":"a.b"}', { transaction: db });
// @ts-expect-error an event requires a type
await sqlite.onEvent({ id: 'x' });
// @ts-expect-error a synchronous call requires a transaction
sqlite.onEventSync({ type: 'a.b' }, {});

const pool = new pg.Pool();
const client = await pool.connect();
const webhooks = await Hookwright.open({ storage: postgresStorage(pool), sealingKeys: [{ id: 'a', key: '00' }] });
await webhooks.onEvents([{ type: 'a.b' }], { transaction: client, signal: AbortSignal.timeout(5) });
// @ts-expect-error this store joins PostgreSQL transactions
await webhooks.onEvent({ type: 'a.b' }, { transaction: db });

// @ts-expect-error a pool is no transaction
await webhooks.onEvent({ type: 'a.b' }, { transaction: pool });
// @ts-expect-error a misspelt option
await webhooks.onEvent({ type: 'a.b' }, { transacton: client });
// @ts-expect-error PostgreSQL has no synchronous calls
webhooks.onEventSync({ type: 'a.b' }, { transaction: client });
// @ts-expect-error a synchronous call cannot be aborted
sqlite.onEventSync({ type: 'a.b' }, { transaction: db, signal: AbortSignal.timeout(5) });

const { id, secret } = await webhooks.register('acme', { url: 'https://x.example/', events: ['*'] });
const attempt = await webhooks.testWebhook('acme', id);
const state: 'delivered' | string = attempt.state;
for (const webhook of (await webhooks.list('acme', { limit: 5 })).data) {
  const reason: string | null = webhook.inactiveReason;
}
const job = await webhooks.recover('acme', id, { since: '2025-02-04T12:00:00Z' });
const running: boolean = (await webhooks.cancelJob('acme', job.id)).state === 'running';
// @ts-expect-error `since` is required
await webhooks.replay('acme', id, {});
await webhooks.replay('acme', id, '{"since":"2025-02-04T12:00:00Z"}');
await webhooks.recover('acme', id, '{"since":"2025-02-04T12:00:00Z"}');
await webhooks.erase('acme', { subject: { type: 'asset', id: 123 } });
const [latest] = (await webhooks.jobs('acme')).data;
await webhooks.update('acme', id, { strictOrder: true, onExhausted: 'pause', keepBodies: false });
// @ts-expect-error it is `continue` or `pause`
await webhooks.update('acme', id, { onExhausted: 'stop' });
const keeps: boolean = (await webhooks.updateSettings('acme', { keepBodies: false })).keepBodies;
createServer(webhooks.middleware({ caller: (request) => ({ tenant: String(request.headers.host) }), mount: '/x' }));
const verdict = await verify({ headers: {}, body: '' }, [secret ?? ''], 'standard', { toleranceS: 5 });
const kind: 'verified' | string = verdict.kind;

class Mine implements Storage {
  get = () => [undefined];
  scan = async () => [{ key: 'a', value: '1', version: 1n }];
  async commit(): Promise<bigint[]> {
    throw new StorageError('conflict', [0]);
  }
}
await using own = await Hookwright.open({ storage: new Mine(), sealingKey: 'k1:00' });
await Hookwright.open({ storage: memoryStorage(), sealingKey: 'k1:00', log: console });
const fake = await Hookwright.fake({ profile: 'standard' });
fake.assertAccepted('a.b').event.data;
try {
  await own.start();
  await own.stop({ timeoutMs: 5_000 });
} catch (error) {
  if (error instanceof ConflictError) {
    const field: string | undefined = error.field;
    const code: string = error.code;
  }
}
memoryStorage();
void [messageId, state, kind, running, latest, keeps];
