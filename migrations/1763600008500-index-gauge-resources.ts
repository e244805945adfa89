import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Why: what one service costs is asked for by the id of the service alone, so the projects that know it have to be found.
 * Lock: writes of resources never seen before wait while the index is built, about a second for a million resources.
 * Undo: `down` drops the index.
 */
export class IndexGaugeResources1763600008500 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('create index gauge_resource_by_resource on gauge_resource (resource)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop index gauge_resource_by_resource');
  }
}
