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
void [messageId, state, kind];
