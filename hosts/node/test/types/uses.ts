// Uses of the types that must compile, and some that must not.

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
// @ts-expect-error there is no event without a type
await sqlite.onEvent({ id: 'x' });
// @ts-expect-error a synchronous call is in a transaction
sqlite.onEventSync({ type: 'a.b' }, {});

const pool = new pg.Pool();
const client = await pool.connect();
const hooks = await Hookwright.open({ storage: postgresStorage(pool), sealingKeys: [{ id: 'a', key: '00' }] });
await hooks.onEvents([{ type: 'a.b' }], { transaction: client, signal: AbortSignal.timeout(5) });
// @ts-expect-error this store's transactions are PostgreSQL's
await hooks.onEvent({ type: 'a.b' }, { transaction: db });

const { id, secret } = await hooks.register('acme', { url: 'https://x.example/', events: ['*'] });
const attempt = await hooks.testWebhook('acme', id);
const state: 'delivered' | string = attempt.state;
for (const webhook of (await hooks.list('acme', { limit: 5 })).data) {
  const reason: string | null = webhook.inactiveReason;
}
const job = await hooks.recover('acme', id, { since: '2025-02-04T12:00:00Z' });
const running: boolean = (await hooks.cancelJob('acme', job.id)).state === 'running';
// @ts-expect-error a time to begin with is needed
await hooks.replay('acme', id, {});
await hooks.replay('acme', id, '{"since":"2025-02-04T12:00:00Z"}');
await hooks.recover('acme', id, '{"since":"2025-02-04T12:00:00Z"}');
await hooks.erase('acme', { subject: { type: 'asset', id: 123 } });
const [latest] = (await hooks.jobs('acme')).data;
await hooks.update('acme', id, { strictOrder: true, onExhausted: 'pause', keepBodies: false });
// @ts-expect-error it pauses or goes on
await hooks.update('acme', id, { onExhausted: 'stop' });
const keeps: boolean = (await hooks.updateSettings('acme', { keepBodies: false })).keepBodies;
createServer(hooks.middleware({ caller: (request) => ({ tenant: String(request.headers.host) }), mount: '/x' }));
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
const fake = await Hookwright.fake({ profile: 'standard' });
fake.assertAccepted('a.b').event.data;
try {
  await own.start().stop();
} catch (error) {
  if (error instanceof ConflictError) {
    const field: string | undefined = error.field;
  }
}
memoryStorage();
void [messageId, state, kind, running, latest, keeps];
