import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { parsePlan } from '../../../src/core/plan-shape';
import type { PlanOffer } from '../../../src/core/plan';

/** How a meter of the year counts: what the naive fold has to know of it. */
export interface CountedMeter {
  readonly key: string;
  readonly types: readonly string[];
  /** `level` = level × milliseconds, of every resource. */
  readonly counts: 'amounts' | 'level';
  readonly divideBy: bigint;
  readonly dimension: string | null;
}

const HOUR = 3_600_000n;

export const METERS: readonly CountedMeter[] = [
  { key: 'year.requests', types: ['year.request'], counts: 'amounts', divideBy: 1n, dimension: 'region' },
  { key: 'year.traffic', types: ['year.transfer'], counts: 'amounts', divideBy: 1_000n, dimension: null },
  { key: 'year.payments', types: ['year.payment'], counts: 'amounts', divideBy: 1n, dimension: null },
  { key: 'year.memory', types: ['year.memory'], counts: 'level', divideBy: HOUR, dimension: null },
];

/** Those that are built in, as the plans hobby and pro price them. */
export const BUILT_IN: readonly CountedMeter[] = [
  { key: 'build_minutes', types: ['build.completed'], counts: 'amounts', divideBy: 60n, dimension: null },
  { key: 'bandwidth_gb', types: ['bandwidth.usage'], counts: 'amounts', divideBy: 1n, dimension: null },
  {
    ...{ key: 'compute_gb_hours', types: ['deployment.started', 'deployment.stopped'] },
    ...{ counts: 'level', divideBy: HOUR, dimension: null },
  },
  {
    ...{ key: 'storage_gb_hours', types: ['volume.created', 'volume.deleted'] },
    ...{ counts: 'level', divideBy: HOUR, dimension: null },
  },
];

/** The body that makes one of `METERS`. */
export function meterBody({ types, counts, divideBy, dimension }: CountedMeter): object {
  return {
    unit: 'units',
    event_types: types,
    aggregation: counts === 'level' ? 'gauge_integral' : 'sum',
    dimensions: dimension === null ? [] : [dimension],
    unit_conversion: { divide_by: String(divideBy) },
  };
}

const flat = (amount: string, more: object = {}) => ({ model: 'flat', amount, ...more });
const perUnit = (amount: string, more: object = {}) => ({ model: 'per_unit', unit_amount: amount, ...more });

const MONTHLY: Readonly<Record<string, object>> = {
  // Graduated tiers, and traffic that is carried over.
  tiers: {
    base_fee: flat('10'),
    prices: {
      'year.requests': {
        model: 'graduated',
        tiers: [
          { up_to: '300', unit_amount: '0', flat_amount: '2' },
          { up_to: '1500', unit_amount: '0.013' },
          { up_to: null, unit_amount: '0.007' },
        ],
      },
      'year.memory': perUnit('0.0123'),
      'year.traffic': perUnit('0.37'),
    },
    allowances: { 'year.traffic': { included: '4', rollover: { maximum: '7' } } },
  },
  // Paid in advance.
  ahead: {
    base_fee: flat('31', { billed: 'in_advance' }),
    prices: { 'year.requests': perUnit('0.01'), 'year.payments': flat('1.10', { billed: 'in_advance' }) },
    allowances: { 'year.requests': { included: '200' } },
  },
  // A minimum and a cap, packages, and a fee that is not cut with the period.
  bounded: {
    base_fee: flat('3.33', { prorated: false }),
    prices: {
      'year.requests': perUnit('0.03', { minimum_amount: '4', maximum_amount: '20' }),
      'year.traffic': { model: 'package', package_size: '2.5', amount: '0.99' },
    },
  },
  free: { allowances: { 'year.requests': { included: '100', limit: '100', on_exceed: 'flag' } } },
  // Whatever looks at events or at dimensions.
  shop: {
    prices: {
      'year.payments': { model: 'percentage', rate: '0.012', fixed_amount: '0.10' },
      'year.requests': {
        model: 'matrix',
        dimensions: ['region'],
        cells: [
          { region: 'eu', unit_amount: '0.011' },
          { region: 'us', unit_amount: '0.007' },
        ],
        default_unit_amount: '0.02',
      },
      'year.memory': {
        model: 'volume',
        tiers: [
          { up_to: '500', unit_amount: '0.01' },
          { up_to: null, unit_amount: '0.005', flat_amount: '1' },
        ],
      },
    },
  },
  // Everything included rolls over, and what is beyond the limit is only flagged; no fee at all.
  rolling: {
    prices: { 'year.requests': perUnit('0.05'), 'year.memory': perUnit('0.02') },
    allowances: {
      'year.requests': { included: '400', rollover: { maximum: null } },
      'year.memory': { included: '100', limit: '2000', on_exceed: 'flag' },
    },
  },
};

const SHORT: Readonly<Record<string, object>> = {
  weekly: { base_fee: flat('2.50'), prices: { 'year.requests': perUnit('0.02') } },
  'weekly-ahead': {
    base_fee: flat('7', { billed: 'in_advance' }),
    prices: { 'year.memory': perUnit('0.03') },
    allowances: { 'year.memory': { included: '10', rollover: { maximum: '15' } } },
  },
};

const words = (key: string, offer: object) => ({ key, name: key, currency: 'USD', ...offer });

/** Plans of the year that are not built in, as the catalogue takes them. */
export const OFFERS: readonly { readonly key: string }[] = [
  ...Object.entries(MONTHLY).map(([key, offer]) => words(key, offer)),
  ...Object.entries(SHORT).map(([key, offer]) => words(key, { interval: 'week', ...offer })),
  ...Object.entries(SHORT).map(([key, offer]) => {
    const name = key.replace('weekly', 'ten-days');
    return words(name, { interval: 'day', interval_count: 10, ...offer });
  }),
];

export const MONTHLY_PLANS = ['hobby', 'pro', ...Object.keys(MONTHLY)];
export const WEEKLY_PLANS = Object.keys(SHORT);
export const TEN_DAY_PLANS = WEEKLY_PLANS.map((key) => key.replace('weekly', 'ten-days'));

/** What each plan costs, by its key, read from what it was made of. */
export function planCards(): ReadonlyMap<string, PlanOffer> {
  const file = join(__dirname, '..', '..', '..', 'catalogue', 'waybill.yaml');
  const { plans } = load(readFileSync(file, 'utf8')) as { plans: { key: string }[] };
  return new Map([...plans, ...OFFERS].map((offer) => [offer.key, parsePlan(offer)]));
}
