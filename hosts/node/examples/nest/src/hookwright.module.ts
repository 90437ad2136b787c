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
  const storage = postgresStorage(new pg.Pool({ connectionString: process.env.DATABASE_URL }));
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
