import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Why: usage becomes invoices: what has been billed up to when, which closed periods changed since, invoices with their
 * lines, their numbers, and credit notes.
 * Lock: none that matters, every table is new.
 * Undo: `down` drops the tables; transfers of the ledger stay.
 */
export class CreateInvoices1763600011000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of [LATE_USAGE, STATE, INVOICES, NUMBERS, CREDIT_NOTES, GUARDS, PRIVILEGES]) {
      await runner.query(statement);
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop table credit_note, invoice_number, invoice_line, invoice, billing_state, late_usage;
      drop function refuse_change_of_final_invoice`);
  }
}

const LATE_USAGE = `
  create table late_usage (
    id bigint generated always as identity,
    bucket smallint not null,
    account_id bigint not null,
    period_from timestamptz not null,
    primary key (bucket, account_id, id)
  );
  comment on table late_usage is 'Periods in which something was counted after their end. Taken by the next invoice, which rates them again.';`;

const STATE = `
  create table billing_state (
    bucket smallint not null,
    account_id bigint not null,
    open_from timestamptz not null,
    due_at timestamptz,
    revision bigint not null default 0,
    carried json,
    primary key (bucket, account_id)
  ) with (fillfactor = 80);
  create index billing_state_due on billing_state (bucket, due_at) where due_at is not null;
  comment on table billing_state is 'Up to when an account has been billed, and when it is next.';
  comment on column billing_state.open_from is 'Where the first period begins that has no invoice yet.';
  comment on column billing_state.due_at is 'The end of that period; null = nothing is billed.';
  comment on column billing_state.revision is 'Of the counters of the period before, as its invoice read them: another one now = late usage.';
  comment on column billing_state.carried is 'The newest that was computed of what a period is handed: the period, and units by meter.';`;

const INVOICES = `
  create table invoice (
    bucket smallint not null,
    account_id bigint not null,
    id uuid not null,
    kind text not null check (kind in ('period', 'off_cycle', 'fees')),
    period_from timestamptz not null,
    period_to timestamptz not null,
    status text not null check (status in ('draft', 'finalised', 'paid', 'void', 'uncollectible')),
    created_at timestamptz not null default now(),
    finalise_at timestamptz not null,
    finalised_at timestamptz,
    paid_at timestamptz,
    voided_at timestamptz,
    currency text check (currency ~ '^[A-Z]{3}$'),
    subtotal bigint not null default 0,
    discount bigint not null default 0,
    tax bigint not null default 0,
    total bigint not null default 0,
    granted bigint not null default 0,
    carried bigint not null default 0,
    credited bigint not null default 0,
    paid bigint not null default 0,
    written_off bigint not null default 0,
    discounts json not null default '[]',
    taxes json not null default '[]',
    rated json,
    issuer text not null default 'default',
    number text,
    sequence bigint,
    problem text,
    check (status = 'draft' or currency is not null),
    primary key (bucket, account_id, id)
  ) with (fillfactor = 80);
  create index invoice_by_time on invoice (account_id, created_at, id);
  create index invoice_to_finalise on invoice (bucket, finalise_at, account_id) where status = 'draft';
  create index invoice_to_number on invoice (finalised_at, id) where status <> 'draft' and number is null;
  create unique index invoice_number_once on invoice (issuer, sequence) where sequence is not null;
  comment on table invoice is 'The readable cut of a period. Amounts in minor units of its currency; a draft has none yet.';
  comment on column invoice.granted is 'Paid by grants when it was finalised.';
  comment on column invoice.carried is 'What it gave back beyond what it billed, given as a grant.';
  comment on column invoice.rated is 'What was rated, and by which wording: enough to compute every line again.';
  comment on column invoice.problem is 'Why it could not be finalised.';

  create table invoice_line (
    bucket smallint not null,
    account_id bigint not null,
    invoice_id uuid not null,
    position int not null,
    kind text not null check (kind in ('charge', 'adjustment')),
    period_from timestamptz not null,
    period_to timestamptz not null,
    segment_from timestamptz not null,
    segment_to timestamptz not null,
    plan_version_id int,
    meter text,
    key text not null,
    description text not null,
    quantity text,
    unit_amount text,
    amount text not null,
    minor bigint not null,
    primary key (bucket, account_id, invoice_id, position)
  );
  create index invoice_line_by_period on invoice_line (account_id, period_from);
  comment on table invoice_line is 'What an invoice bills beyond what earlier ones billed: exact (decimal, or fraction n/d) and rounded once.';`;

/** One row per issuer, locked by whoever gives numbers: they have no gaps because they are given after everything else. */
const NUMBERS = `
  create table invoice_number (issuer text primary key, last bigint not null);
  insert into invoice_number values ('default', 0);`;

const CREDIT_NOTES = `
  create table credit_note (
    bucket smallint not null,
    account_id bigint not null,
    id uuid not null,
    invoice_id uuid not null,
    created_at timestamptz not null default now(),
    net bigint not null check (net >= 0),
    tax bigint not null,
    unpaid bigint not null check (unpaid >= 0),
    paid bigint not null check (paid >= 0),
    reason text not null default '',
    check (net + tax = unpaid + paid),
    primary key (bucket, account_id, id)
  );
  create index credit_note_by_invoice on credit_note (account_id, invoice_id);
  create trigger credit_note_is_append_only before update or delete on credit_note
    for each row execute function refuse_change();
  comment on table credit_note is 'What was taken off a final invoice: of what was unpaid, and of what was paid (refunded).';`;

const GUARDS = `
  create trigger invoice_line_is_append_only before update or delete on invoice_line
    for each row execute function refuse_change();
  create function refuse_change_of_final_invoice() returns trigger language plpgsql as $$
  begin
    raise exception 'an invoice does not change once it is final: a credit note does' using errcode = '23001';
  end $$;
  create trigger invoice_is_final before delete or update of kind, period_from, period_to, currency, subtotal, discount, tax, total,
      granted, carried, discounts, taxes, finalised_at, rated on invoice
    for each row when (old.status <> 'draft') execute function refuse_change_of_final_invoice();
  create trigger invoice_keeps_its_number before update of number, sequence on invoice
    for each row when (old.number is not null) execute function refuse_change_of_final_invoice();`;

const PRIVILEGES = `
  do $$
  begin
    if exists (select from pg_roles where rolname = 'tallyhouse_app') then
      grant select, insert, delete on late_usage to tallyhouse_app;
      grant select, insert, update, delete on invoice to tallyhouse_app;
      grant select, insert, update on billing_state, invoice_number to tallyhouse_app;
      grant select, insert on invoice_line, credit_note to tallyhouse_app;
      revoke update, delete on invoice_line, credit_note from tallyhouse_app;
      revoke delete on billing_state, invoice_number from tallyhouse_app;
    end if;
  end $$;`;
