// Hookwright in a NestJS application: the provider, the pump, and who may call the management API that `main.ts` mounts.

import { Inject, Module, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Hookwright, postgresStorage, type Caller } from 'hookwright';
import pg from 'pg';

/** Set by whatever authenticates requests; here by two headers, for the example's sake. */
export function caller(request: { headers: Record<string, unknown> }): Caller | undefined {
  const { 'x-tenant': tenant, 'x-user': user } = request.headers;
  return typeof tenant === 'string' && typeof user === 'string'
    ? { tenant, user, permissions: ['manage:webhook'] }
    : undefined;
}

async function open(): Promise<Hookwright> {
  const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL });
  // An idle connection that is lost, as when the server restarts, is replaced; without a listener it would end the process.
  pool.on('error', (error) => console.error(`hookwright's pool: ${error.message}`));
  // Closing Hookwright closes its store, and here its pool with it.
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
  constructor(@Inject(Hookwright) private readonly hooks: Hookwright) {}

  onApplicationBootstrap(): void {
    this.hooks.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.hooks.close();
  }
}
