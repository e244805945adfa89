import { z } from 'zod';
import { DecimalText } from '../platform/doors/open-api-answer';

/**
 * How a price looks, for the API document. Prices are read by core, whose refusals say more than a schema can (gaps and
 * overlaps of tiers, say); a test holds this description against what core reads and writes.
 */

const Amount = DecimalText.meta({ description: 'In major units of the currency; not negative.' });
const Units = DecimalText.meta({ description: 'In units of the price; not negative.' });

const TERMS = {
  included_quantity: Units.optional().meta({ description: 'Costs nothing and is taken off first.' }),
  unit_conversion: z
    .strictObject({ divide_by: DecimalText, round: z.enum(['up', 'none']).optional() })
    .meta({ id: 'UnitConversion', description: 'One unit of the price is `divide_by` units of the meter.' })
    .optional(),
  usage_discount: z
    .union([z.strictObject({ percent: DecimalText }), z.strictObject({ quantity: Units })])
    .meta({ id: 'UsageDiscount', description: 'Off every amount in percent, or off the quantity.' })
    .optional(),
  minimum_amount: Amount.optional().meta({ description: 'A period costs at least this.' }),
  maximum_amount: Amount.optional().meta({ description: 'A period never costs more than this.' }),
};

function priced<Model extends string, Shape extends z.ZodRawShape>(model: Model, shape: Shape) {
  return z.strictObject({ model: z.literal(model), ...shape, ...TERMS });
}

const UpTo = DecimalText.nullable().meta({
  description: 'The bound belongs to the tier; null = open, which the last one is.',
});
const Tiers = z
  .array(z.strictObject({ up_to: UpTo, unit_amount: Amount, flat_amount: Amount.optional() }))
  .min(1)
  .max(1_000);
const RateTiers = z
  .array(z.strictObject({ up_to: UpTo, rate: DecimalText, flat_amount: Amount.optional() }))
  .min(1)
  .max(1_000);
const Cell = z.object({ unit_amount: Amount }).catchall(z.string()).meta({
  description: 'The value of each dimension, and what a unit costs there.',
});

const PriceModel = z.union([
  priced('flat', {
    amount: Amount,
    billed: z.enum(['in_arrears', 'in_advance']).optional(),
    prorated: z.boolean().optional(),
  }),
  priced('per_unit', { unit_amount: Amount }),
  priced('per_unit', { amount: Amount, per_quantity: Units }),
  priced('graduated', { tiers: Tiers }),
  priced('volume', { tiers: Tiers }),
  priced('package', { package_size: Units, amount: Amount }),
  priced('percentage', {
    rate: DecimalText.meta({ description: '0.012 is 1.2 %.' }),
    fixed_amount: Amount.optional(),
    free_events: z.int().min(0).max(1_000_000_000).optional(),
    free_amount: Amount.optional(),
    per_event_minimum: Amount.optional(),
    per_event_maximum: Amount.optional(),
  }),
  priced('graduated_percentage', { tiers: RateTiers }),
  priced('dynamic', {}),
  priced('matrix', {
    dimensions: z.array(z.string().min(1).max(200)).min(1).max(2),
    cells: z.array(Cell).max(10_000),
    default_unit_amount: Amount,
  }),
]);

/** Any JSON for a reader of core, a price for readers of the document; also what a stored price is answered as. */
export const PriceJson = z.unknown().meta({
  id: 'Price',
  description: 'What usage costs. Members that go without saying are left out.',
  ...z.toJSONSchema(PriceModel, { io: 'input' }),
});
