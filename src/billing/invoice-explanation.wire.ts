import { z } from 'zod';
import type { InvoiceProof } from '../core/invoice-proof';
import { type AnswerOf, DecimalText, InstantText } from '../platform/doors/open-api-answer';
import type { ExplainedLine } from './invoice-explanation.service';
import { InvoiceLineAnswer, toRestLine } from './invoice.wire';
import type { StoredInvoice } from './stored-invoice';

const Json = z.unknown();
const Records = z.array(z.record(z.string(), Json));

export const InvoiceExportAnswer = z
  .strictObject({
    format: z.literal('tallyhouse-invoice-1'),
    invoice: z.record(z.string(), z.string().nullable()),
    lines: Records,
    discounts: Records,
    taxes: Records,
    segments: Records.meta({
      description: 'What was rated: the wording of the plan and the usage of each stretch.',
    }),
    billed_before: Records.meta({ description: 'What earlier invoices had billed for the same stretches.' }),
  })
  .meta({
    id: 'InvoiceExport',
    description:
      'Everything an invoice was computed from. `tallyhouse invoice verify` computes it again without a database.',
  });

const Events = z.strictObject({
  types: z.array(z.string()),
  first: z.array(
    z.strictObject({
      id: z.string(),
      source: z.string(),
      occurred_at: InstantText,
      quantity: DecimalText.nullable(),
    }),
  ),
  has_more: z.boolean(),
  url: z.string().meta({ description: 'Where to read all of them.' }),
});

export const ExplanationAnswer = z
  .strictObject({
    id: z.string().meta({ format: 'uuid' }),
    account: z.string(),
    number: z.string().nullable(),
    currency: z.string(),
    lines: z.array(
      z.strictObject({
        line: InvoiceLineAnswer,
        plan: z.string().nullable(),
        plan_version: z.int().nullable(),
        price: Json.meta({
          description: 'In the wording that was in force; null where there is none any more.',
        }),
        allowance: Json,
        usage: Json.meta({ description: 'Of the whole stretch, in base units of the meter.' }),
        billed_before: DecimalText.meta({ description: 'By earlier invoices, for the same stretch.' }),
        events: Events.nullable(),
      }),
    ),
    recomputed: z.strictObject({
      problems: z
        .array(z.string())
        .meta({ description: 'None = computing all of it again gives this invoice.' }),
      unverified: z
        .array(z.string())
        .meta({ description: 'Meters with too many single events to keep beside it.' }),
    }),
  })
  .meta({ id: 'InvoiceExplanation' });

export function toRestExplanation({
  invoice,
  lines,
  proof,
}: {
  invoice: StoredInvoice;
  lines: readonly ExplainedLine[];
  proof: InvoiceProof;
}): AnswerOf<typeof ExplanationAnswer> {
  const { id, account, number, currency } = invoice;
  return {
    ...{ id, account: account.key, number, currency: currency! },
    lines: lines.map((each) => ({
      line: toRestLine(each.line, currency!),
      ...{ plan: each.segment?.plan ?? null, plan_version: each.segment?.plan_version ?? null },
      ...{
        price: each.price,
        allowance: each.allowance,
        usage: each.usage,
        billed_before: each.billedBefore,
      },
      events: eventsOf(invoice, each),
    })),
    recomputed: { problems: [...proof.problems], unverified: [...proof.unverified] },
  };
}

function eventsOf({ account }: StoredInvoice, { line, events }: ExplainedLine) {
  if (events === null) return null;
  const { from, to } = line.segment;
  const query = new URLSearchParams({ account: account.key, from: textOf(from), to: textOf(to) });
  for (const type of events.types) query.append('type', type);
  return {
    types: [...events.types],
    first: events.first.map(({ occurredAt, ...rest }) => ({
      ...rest,
      occurred_at: occurredAt.toISOString(),
    })),
    has_more: events.hasMore,
    url: `/api/v1/events?${query.toString()}`,
  };
}

const textOf = (at: number): string => new Date(at).toISOString();
