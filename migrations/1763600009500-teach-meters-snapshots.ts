import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Why: the built-in meters of levels also listen to snapshots. Nobody listened to these types before, so no event of them was
 * ever taken, and what was counted stands as it is. A meter that an installation made under the same key is left alone.
 * Lock: two rows of `meter` and the catalogue's revision; groups of events under way are computed again.
 * Undo: `down` takes the types away again; levels that snapshots have set stay.
 */
export class TeachMetersSnapshots1763600009500 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const [key, listens, added] of TAUGHT) await runner.query(LISTEN, [key, listens, added]);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const [key, , added] of TAUGHT) await runner.query(STOP_LISTENING, [key, added]);
  }
}

const TAUGHT: readonly (readonly [key: string, listens: readonly string[], added: string])[] = [
  [
    'compute_gb_hours',
    ['deployment.started', 'deployment.scaled', 'deployment.stopped'],
    'deployment.snapshot',
  ],
  ['storage_gb_hours', ['volume.created', 'volume.resized', 'volume.deleted'], 'volume.snapshot'],
];

const LISTEN = `
  with taught as (
    update meter set event_types = event_types || $3::text
    where key = $1 and aggregation = 'gauge_integral' and event_types = $2::text[]
    returning id)
  update catalogue_revision set revision = revision + 1 where exists (select from taught)`;

const STOP_LISTENING = `
  with taught as (
    update meter set event_types = array_remove(event_types, $2::text)
    where key = $1 and $2 = any (event_types) and aggregation = 'gauge_integral'
    returning id)
  update catalogue_revision set revision = revision + 1 where exists (select from taught)`;
