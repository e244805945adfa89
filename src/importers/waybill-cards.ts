import type { RateCard } from '../core/plan';
import { BUILT_IN_PLANS } from '../pricing/catalogue.seed';
import { openPlanFiles, readPlanFiles } from '../pricing/plan-file';
import { unitPrices, WAYBILL_CURRENCY } from '../pricing/unit-price.service';

/** What a month costs under a plan of the original, or, without one, at the prices of the environment; null = no such plan. */
export type WaybillCards = (plan: string | null) => RateCard | null;

/** The built-in plans as the catalogue has them, read from their files: a comparison needs no database of ours. */
export function waybillCards(config: Parameters<typeof unitPrices>[0]): WaybillCards {
  const { plans } = readPlanFiles(openPlanFiles([BUILT_IN_PLANS]).files);
  const cards = new Map(plans.map(({ offer }) => [offer.key, offer] as const));
  const prices = new Map([...unitPrices(config)].map(([meter, { price }]) => [meter, price] as const));
  const list = { currency: WAYBILL_CURRENCY, baseFee: null, prices, allowances: new Map() };
  return (plan) => (plan === null ? list : (cards.get(plan) ?? null));
}
