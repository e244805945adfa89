import { Injectable } from '@nestjs/common';
import type { Properties } from '../core/event';
import type { Meter } from '../core/meter';
import { type Quantity, parseQuantity } from '../core/quantity';
import { Database, type Sql } from '../platform/transaction';

/** An event as meters must read it today: the latest amend applied, voided ones left out. */
export interface EffectiveEvent {
  readonly key: string;
  readonly at: number;
  readonly type: string;
  readonly quantity: Quantity | null;
  readonly resource: string | null;
  readonly properties: Properties | null;
}

/** An event as it was recorded, with what became of it. */
export interface ListedEvent {
  readonly key: string;
  readonly occurred_at: Date;
  readonly recorded_at: Date;
  readonly type: string;
  readonly source: string;
  readonly event_id: string;
  readonly quantity: string | null;
  readonly resource: string | null;
  readonly subject: string | null;
  readonly properties: Properties | null;
  readonly correction: 'void' | 'amend' | null;
  readonly corrected_quantity: string | null;
  readonly corrected_properties: Properties | null;
}

export interface EventRange {
  readonly accountId: number;
  readonly from: Date;
  readonly to: Date;
}

/** Where the page before ended; events are listed newest first, ties by key. */
export interface EventPosition {
  readonly at: Date;
  readonly key: string;
}

const PAGE = 5_000;

const LATEST_CORRECTION = `
  left join lateral (
    select c.kind, c.quantity, c.properties from event_correction c
    where c.bucket = e.bucket and c.account_id = e.account_id and c.target = e.key
    order by c.revision desc limit 1) c on true`;

/**
 * Keyset pages in the order of the read index; the redundant bound keeps the generic plan on that index. What was
 * recorded before the meter was made has never been counted by it, and may lack what it reads.
 */
const READ_EVENTS_IN_ORDER = `
  select e.key, e.occurred_at, e.type, e.quantity, e.resource, e.properties, c.kind,
    c.quantity as corrected_quantity, c.properties as corrected_properties
  from usage_event e ${LATEST_CORRECTION}
  where e.account_id = $1 and e.occurred_at >= $5 and e.occurred_at < $2 and e.type = any($3::text[])
    and (e.occurred_at, e.key) > ($5, $4::uuid)
    and e.recorded_at >= (select m.created_at from meter m where m.id = $6)
  order by e.occurred_at, e.key limit ${PAGE}`;

/** Without a name, so that it is planned for its own limit: a plan for any limit sorts all events of the account. */
const LIST_EVENTS_NEWEST_FIRST = `
  select e.key, e.occurred_at, e.recorded_at, e.type, e.source, e.event_id, e.quantity, e.resource, e.subject, e.properties,
    c.kind as correction, c.quantity as corrected_quantity, c.properties as corrected_properties
  from usage_event e ${LATEST_CORRECTION}
  where e.account_id = $1 and e.occurred_at >= $2 and e.occurred_at <= $3
    and (e.occurred_at, e.key) < ($3, $4::uuid)
    and (cardinality($6::text[]) = 0 or e.type = any($6))
  order by e.occurred_at desc, e.key desc limit $5`;

const BEFORE_EVERY_KEY = '00000000-0000-0000-0000-000000000000';
const AFTER_EVERY_KEY = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

@Injectable()
export class EventRepository {
  constructor(private readonly database: Database) {}

  /** Every effective event in `[from, to)` that the meter listens to, page by page so that memory stays flat. */
  async *effective(
    sql: Sql,
    range: EventRange,
    meter: Pick<Meter, 'id' | 'eventTypes'>,
  ): AsyncGenerator<EffectiveEvent[]> {
    let [at, key] = [range.from, BEFORE_EVERY_KEY];
    for (;;) {
      const values = [range.accountId, range.to, meter.eventTypes, key, at, meter.id];
      const rows = await sql.query<EffectiveRow>(READ_EVENTS_IN_ORDER, values);
      yield rows.filter((row) => row.kind !== 'void').map(effectiveOf);
      const last = rows.at(-1);
      if (last === undefined || rows.length < PAGE) return;
      [at, key] = [last.occurred_at, last.key];
    }
  }

  /** A page of recorded events of `[from, to)` and of these types (none = of any), newest first, after `position`. */
  async list(
    range: EventRange & { readonly types: readonly string[] },
    limit: number,
    position: EventPosition | null,
  ): Promise<ListedEvent[]> {
    const upper = position ?? { at: new Date(range.to.getTime() - 1), key: AFTER_EVERY_KEY };
    const values = [range.accountId, range.from, upper.at, upper.key, limit, range.types];
    return this.database.query<ListedEvent>(LIST_EVENTS_NEWEST_FIRST, values);
  }
}

interface EffectiveRow {
  key: string;
  occurred_at: Date;
  type: string;
  quantity: string | null;
  resource: string | null;
  properties: Properties | null;
  kind: 'void' | 'amend' | null;
  corrected_quantity: string | null;
  corrected_properties: Properties | null;
}

function effectiveOf(row: EffectiveRow): EffectiveEvent {
  const amended = row.kind === 'amend';
  const quantity = amended ? row.corrected_quantity : row.quantity;
  return {
    key: row.key,
    at: row.occurred_at.getTime(),
    type: row.type,
    quantity: quantity === null ? null : parseQuantity(quantity),
    resource: row.resource,
    properties: amended ? row.corrected_properties : row.properties,
  };
}
