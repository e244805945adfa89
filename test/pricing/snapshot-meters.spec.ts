import type { QueryRunner } from 'typeorm';
import type { Client } from 'pg';
import { TeachMetersSnapshots1763600009500 } from '../../migrations/1763600009500-teach-meters-snapshots';
import { createTestDatabase, type TestDatabase, withClient } from '../support/postgres';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const COMPUTE = ['deployment.started', 'deployment.scaled', 'deployment.stopped'];

async function meters(client: Client): Promise<Record<string, string[]>> {
  const { rows } = await client.query<{ key: string; event_types: string[] }>(
    'select key, event_types from meter',
  );
  return Object.fromEntries(rows.map(({ key, event_types }) => [key, event_types]));
}

async function revision(client: Client): Promise<number> {
  const { rows } = await client.query<{ revision: string }>('select revision from catalogue_revision');
  return Number(rows[0]!.revision);
}

it('meters of an older installation learn of snapshots, but for those that it made itself', async () => {
  await withClient(database.url, async (client) => {
    await client.query(
      `insert into meter (key, name, unit, aggregation, event_types) values
        ('compute_gb_hours', 'Compute', 'GB-hours', 'gauge_integral', $1),
        ('storage_gb_hours', 'Storage', 'GB-hours', 'gauge_integral', array['disk.level'])`,
      [COMPUTE],
    );
    const runner = client as unknown as QueryRunner;
    const migration = new TeachMetersSnapshots1763600009500();
    const before = await revision(client);
    for (let run = 1; run <= 2; run++) await migration.up(runner);
    expect(await meters(client)).toEqual({
      compute_gb_hours: [...COMPUTE, 'deployment.snapshot'],
      storage_gb_hours: ['disk.level'],
    });
    expect(await revision(client)).toBe(before + 1);
    await migration.down(runner);
    expect(await meters(client)).toMatchObject({ compute_gb_hours: COMPUTE });
    expect(await revision(client)).toBe(before + 2);
  });
});
