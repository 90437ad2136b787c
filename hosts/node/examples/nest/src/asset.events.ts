// Makes events of what happens to assets. TypeORM calls it inside the transaction that changes the row, and the event is written
// through that transaction's query runner: both are there, or neither.

import { Inject, Injectable } from '@nestjs/common';
import { Hookwright } from 'hookwright';
import {
  DataSource, EventSubscriber, type EntitySubscriberInterface, type InsertEvent, type QueryRunner, type RemoveEvent,
  type TransactionCommitEvent, type UpdateEvent,
} from 'typeorm';
import { Asset } from './asset.entity.js';

@Injectable()
@EventSubscriber()
export class AssetEvents implements EntitySubscriberInterface<Asset> {
  constructor(@Inject(DataSource) source: DataSource, @Inject(Hookwright) private readonly hooks: Hookwright) {
    source.subscribers.push(this);
  }

  listenTo(): typeof Asset {
    return Asset;
  }

  async afterInsert({ entity, queryRunner }: InsertEvent<Asset>): Promise<void> {
    await this.tell('asset.created', queryRunner, undefined, { ...entity });
  }

  async afterUpdate({ databaseEntity, entity, queryRunner }: UpdateEvent<Asset>): Promise<void> {
    await this.tell('asset.updated', queryRunner, { ...databaseEntity }, { ...databaseEntity, ...entity });
  }

  async afterRemove({ databaseEntity, queryRunner }: RemoveEvent<Asset>): Promise<void> {
    await this.tell('asset.deleted', queryRunner, { ...databaseEntity }, undefined);
  }

  afterTransactionCommit(_: TransactionCommitEvent): void {
    this.hooks.signalWork();
  }

  private async tell(type: string, transaction: QueryRunner, before?: Asset, after?: Asset): Promise<void> {
    const { id, tenant } = (after ?? before) as Asset;
    if (id === undefined || tenant === undefined) {
      // `repository.update()` and `delete()` change rows without loading them: nobody knows whose they are. It rolls back.
      throw new Error(`${type}: load the asset, and \`save\` or \`remove\` it`);
    }
    await this.hooks.onEvent({ type, subject: { type: 'asset', id }, before, after, data: after ?? before }, { tenant, transaction });
  }
}
