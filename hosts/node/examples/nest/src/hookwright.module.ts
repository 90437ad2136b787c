// Hookwright in a NestJS application: the provider, the background workers, and the callers of the management API that
// `main.ts` mounts.

import { Inject, Module, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Hookwright, postgresStorage, type Caller } from 'hookwright';
import pg from 'pg';

/** Returns the caller of a request. A real service reads it from its authentication; this example reads two headers. */
export function caller(request: { headers: Record<string, unknown> }): Caller | undefined {
  const { 'x-tenant': tenant, 'x-user': user } = request.headers;
  return typeof tenant === 'string' && typeof user === 'string'
    ? { tenant, user, permissions: ['manage:webhook'] }
    : undefined;
}

async function open(): Promise<Hookwright> {
  const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL });
  // The pool replaces an idle connection that is lost, for example when the server restarts. Without a listener the
  // error would end the process.
  pool.on('error', (error) => console.error(`hookwright's pool: ${error.message}`));
  // Closing Hookwright closes its store, and with it this pool.
  const storage = Object.assign(postgresStorage(pool), { close: () => pool.end() });
  await storage.createSchema();
  return Hookwright.open({
    storage,
    sealingKey: `k1:${process.env.SEALING_KEY}`,
    egress: { allowDestinations: process.env.ALLOW_DESTINATIONS?.split(',') ?? [] },
  });
}

@Module({
  providers: [{ provide: Hookwright, useFactory: open }],
  exports: [Hookwright],
})
export class HookwrightModule implements OnApplicationBootstrap, OnApplicationShutdown {
  constructor(@Inject(Hookwright) private readonly webhooks: Hookwright) {}

  onApplicationBootstrap(): void {
    this.webhooks.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.webhooks.close();
  }
}
