import { Body, Controller, Delete, HttpException, Inject, Param, Patch, Post } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Asset } from './asset.entity.js';

@Controller('assets')
export class AssetsController {
  constructor(@Inject(DataSource) private readonly source: DataSource) {}

  @Post()
  create(@Body() body: Partial<Asset>): Promise<Asset> {
    return this.source.transaction(async (manager) => {
      const asset = await manager.save(manager.create(Asset, body));
      if (asset.name === 'forbidden') {
        // Rolls back the row and its event.
        throw new HttpException('the name is forbidden', 422);
      }
      return asset;
    });
  }

  @Patch(':id')
  change(@Param('id') id: string, @Body() body: Partial<Asset>): Promise<Asset> {
    return this.source.transaction(async (manager) => {
      const asset = await manager.findOneByOrFail(Asset, { id: Number(id) });
      manager.merge(Asset, asset, body);
      return manager.save(asset);
    });
  }

  @Delete(':id')
  async remove(@Param('id') id: string): Promise<void> {
    await this.source.transaction(async (manager) => {
      await manager.remove(await manager.findOneByOrFail(Asset, { id: Number(id) }));
    });
  }
}
