import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Why: types of events that draw from one pool at different weights, what a meter answers while the database cannot be reached,
 * and what plans grant that no meter measures. Meters and plan versions of before mean what they meant.
 * Lock: `meter` and `plan_version` for a moment, columns with constant defaults.
 * Undo: `down` drops them; what plans granted is forgotten, and a meter with weights counts from then on as if it had none, so
 * undo it only while there is none.
 */
export class WeighMeters1763600019000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(METERS);
    await runner.query(PLANS);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table plan_version drop column entitlements;
      alter table meter drop column on_unavailable, drop column weights`);
  }
}

const METERS = `
  alter table meter add column weights jsonb not null default '{}',
    add column on_unavailable text not null default 'closed' check (on_unavailable in ('open', 'closed'));
  comment on column meter.weights is 'Of a sum: what the value of an event is multiplied by, by its type; others count as they are.';
  comment on column meter.on_unavailable is 'What a check or a consume answers while the database cannot be reached.';`;

/** Json, not jsonb, as its neighbours. */
const PLANS = `
  alter table plan_version add column entitlements json not null default '{}';
  comment on column plan_version.entitlements is 'What no meter measures and the plan grants, by name: true, false or a text.';`;
