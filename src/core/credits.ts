import { CREDIT, smallestUnit } from './asset';
import { type Quantity, parseQuantity, quantity, quantityRatio } from './quantity';
import { type Ratio, divideHalfAwayFromZero, ratio, roundRatio } from './ratio';
import { parseRatioText, ratioText } from './ratio-text';

/** Credits a minute where no rate is configured for a class: ten an hour, exactly. */
export const DEFAULT_CREDIT_RATE: Ratio = ratio(1n, 6n);

/** Where a run of a workspace begins and how it came to its end; milliseconds since 1970, null = not told (yet). */
export interface Run {
  readonly startedAt: number;
  readonly stoppingAt: number | null;
  readonly stoppedAt: number | null;
}

const MS_PER_SECOND = 1_000n;
const SECONDS_PER_MINUTE = 60n;
const CENT = smallestUnit(CREDIT);
const CENTS_PER_CREDIT = 100n;
const WHOLE_CREDITS_MAX = 2_147_483_647n;

/** Credits a minute of each class, as exact ratios; decimals as they are written. Throws `invalid-argument` naming the class. */
export function creditRates(decimals: ReadonlyMap<string, string>): ReadonlyMap<string, Ratio> {
  const rates = [...decimals].map(
    ([name, text]) => [name, quantityRatio(parseQuantity(text, name))] as const,
  );
  return new Map(rates);
}

/** Where the billed time ends: when it began to stop, else when it had stopped; null = it runs. */
export function endOfRun({ stoppingAt, stoppedAt }: Run): number | null {
  return stoppingAt ?? stoppedAt;
}

/** Whole seconds of a run up to its end, else up to `now`, half away from zero; an end before the start is no time at all. */
export function runSeconds(run: Run, now: number): bigint {
  const milliseconds = BigInt((endOfRun(run) ?? now) - run.startedAt);
  return milliseconds <= 0n ? 0n : divideHalfAwayFromZero(milliseconds, MS_PER_SECOND);
}

/** Credits for whole seconds at a rate a minute: one product, one rounding, to 0.01. */
export function creditsOf(seconds: bigint, perMinute: Ratio): Quantity {
  const exact = ratio(seconds * perMinute.numerator, SECONDS_PER_MINUTE * perMinute.denominator);
  return quantity(roundRatio(exact, CENTS_PER_CREDIT) * CENT);
}

/** What a run costs as of `now`, in credits of 0.01. */
export function creditsOfRun(run: Run, { now, perMinute }: { now: number; perMinute: Ratio }): Quantity {
  return creditsOf(runSeconds(run, now), perMinute);
}

/** Whole credits at the common scale. */
export function wholeCredits(credits: number): Quantity {
  return quantity(BigInt(credits) * CENTS_PER_CREDIT * CENT);
}

/** Hundredths of a credit at the common scale. */
export function creditsOfCents(cents: bigint): Quantity {
  return quantity(cents * CENT);
}

/** The number of whole credits; null where a part of one is left, or where they are more than a note of them can say. */
export function wholeCreditsOf(credits: Quantity): number | null {
  const one = CENTS_PER_CREDIT * CENT;
  const whole = credits / one;
  const isSayable = -WHOLE_CREDITS_MAX <= whole && whole <= WHOLE_CREDITS_MAX;
  return isSayable && whole * one === credits ? parseInt(whole.toString(), 10) : null;
}

/** A rate as it is kept beside what it priced: `1/6`, `0.5`. */
export const creditRateText = (rate: Ratio): string => ratioText(rate);
export const parseCreditRate = (text: string): Ratio => parseRatioText(text);
