import type { INestApplicationContext } from '@nestjs/common';
import type { FocusUsage } from '../core/focus';
import type { FocusPrice } from '../core/focus-price';
import { PLAIN_TERMS, type Price } from '../core/price';
import { ONE } from '../core/quantity';
import type { Principal } from '../platform/auth/principal';
import { ListPriceService } from '../pricing/list-price.service';
import type { RecordUsage } from '../usage/event-record.commands';
import { IngestService } from '../usage/ingest.service';
import type { FocusTarget } from './focus-target';
import type { RowVerdict } from './row-verdict';

/** Whoever can start this program on the database needs no key for it. */
const IMPORTER: Principal = {
  id: 'importer',
  kind: 'internal',
  name: 'FOCUS import',
  scopes: new Set(['events:write', 'events:backfill']),
  accounts: '*',
};

/** Hands rows to the services of this process. */
export class DirectTarget implements FocusTarget {
  readonly #prices: ListPriceService;
  readonly #ingest: IngestService;

  constructor(app: INestApplicationContext) {
    this.#prices = app.get(ListPriceService, { strict: false });
    this.#ingest = app.get(IngestService, { strict: false });
  }

  prepare(prices: readonly FocusPrice[]): Promise<ReadonlyMap<string, string>> {
    const meters = prices.map(({ meter, name, unit, currency, unitAmount, sku }) => ({
      ...{ key: meter, name, unit, currency, sku },
      price: { ...PLAIN_TERMS, model: 'per_unit', amount: unitAmount, perQuantity: ONE } satisfies Price,
    }));
    return this.#prices.makeMeters(meters);
  }

  record(rows: readonly FocusUsage[]): Promise<readonly RowVerdict[]> {
    const command = { records: rows.map(recordOf), backfill: true, allOrNothing: false };
    return this.#ingest.recordEvents(command, IMPORTER);
  }
}

function recordOf({
  account,
  source,
  id,
  occurredAt,
  quantity,
  resource,
  properties,
  price,
}: FocusUsage): RecordUsage {
  const measure = { occurredAt, quantity, resource, properties, subject: null };
  return { kind: 'usage', account, source, id, type: price.meter, ...measure };
}
