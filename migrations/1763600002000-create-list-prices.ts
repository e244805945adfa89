import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Why: what a unit of a meter costs by the list, so that usage without a plan can be rated; imported bills bring theirs.
 * Lock: none that matters, the table is new.
 * Undo: `down` drops the table; usage stays, what it costs by the list is forgotten.
 */
export class CreateListPrices1763600002000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of [LIST_PRICES, PRIVILEGES]) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table list_price');
  }
}

const LIST_PRICES = `
  create table list_price (
    meter_id int not null references meter (id),
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    valid_from timestamptz not null,
    price jsonb not null,
    sku jsonb,
    created_at timestamptz not null default now(),
    primary key (meter_id, currency, valid_from)
  );
  create trigger list_price_is_append_only before update or delete on list_price
    for each row execute function refuse_change();
  comment on table list_price is 'What a unit of a meter costs from an instant on, to whoever has no plan. Versions are appended.';
  comment on column list_price.price is 'In the wire shape of prices.';
  comment on column list_price.sku is 'What is sold, in the words of the bill or price list it came from.';`;

const PRIVILEGES = `
  do $$
  begin
    if exists (select from pg_roles where rolname = 'tallyhouse_app') then
      grant select, insert on list_price to tallyhouse_app;
      revoke update, delete on list_price from tallyhouse_app;
    end if;
  end $$;`;
