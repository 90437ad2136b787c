// Makes an event of each change of an asset. TypeORM calls this subscriber inside the transaction of the change, and
// the event is written through the same query runner. Both are committed, or neither.

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
  constructor(@Inject(DataSource) source: DataSource, @Inject(Hookwright) private readonly webhooks: Hookwright) {
    source.subscribers.push(this);
  }

  listenTo(): typeof Asset {
    return Asset;
  }

  async afterInsert({ entity, queryRunner }: InsertEvent<Asset>): Promise<void> {
    await this.report('asset.created', queryRunner, undefined, { ...entity });
  }

  async afterUpdate({ databaseEntity, entity, queryRunner }: UpdateEvent<Asset>): Promise<void> {
    await this.report('asset.updated', queryRunner, { ...databaseEntity }, { ...databaseEntity, ...entity });
  }

  async afterRemove({ databaseEntity, queryRunner }: RemoveEvent<Asset>): Promise<void> {
    await this.report('asset.deleted', queryRunner, { ...databaseEntity }, undefined);
  }

  afterTransactionCommit(_: TransactionCommitEvent): void {
    this.webhooks.signalWork();
  }

  private async report(type: string, transaction: QueryRunner, before?: Asset, after?: Asset): Promise<void> {
    const { id, tenant } = (after ?? before) as Asset;
    if (id === undefined || tenant === undefined) {
      // `repository.update()` and `delete()` change rows without loading them, so the tenant is unknown. The error
      // rolls them back.
      throw new Error(`${type}: the asset's tenant is unknown; load the asset, then \`save\` or \`remove\` it`);
    }
    await this.webhooks.onEvent({ type, subject: { type: 'asset', id }, before, after, data: after ?? before }, { tenant, transaction });
  }
}
