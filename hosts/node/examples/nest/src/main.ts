// An inventory service with webhooks. Assets are in PostgreSQL, and a TypeORM subscriber reports their changes.

import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Hookwright } from 'hookwright';
import { Asset } from './asset.entity.js';
import { AssetEvents } from './asset.events.js';
import { AssetsController } from './assets.controller.js';
import { caller, HookwrightModule } from './hookwright.module.js';

@Module({
  imports: [
    TypeOrmModule.forRoot({ type: 'postgres', url: process.env.DATABASE_URL, entities: [Asset], synchronize: true }),
    HookwrightModule,
  ],
  controllers: [AssetsController],
  providers: [AssetEvents],
})
class AppModule {}

const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] });
app.use('/api/webhooks', app.get(Hookwright).middleware({ caller }));
app.enableShutdownHooks();
await app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1');
console.log(`listening on ${await app.getUrl()}`);
