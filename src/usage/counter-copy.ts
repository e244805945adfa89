import type { Quantity } from '../core/quantity';

/** A counter of all dimensions together, by the numbers of its account and its meter; `from` = the start of its period. */
export interface CounterName {
  readonly bucket: number;
  readonly accountId: number;
  readonly meterId: number;
  readonly from: number;
}

/** A counter as it stood at one revision; amounts as plain decimals in base units. */
export interface CounterCopy extends CounterName {
  /** The end of its period. */
  readonly to: number;
  readonly used: string;
  readonly reserved: string;
  readonly revision: string;
}

/** A copy as it is read; amounts in base units. */
export interface MirroredCounter {
  readonly used: Quantity;
  readonly reserved: Quantity;
  readonly revision: bigint;
  /** It was so then, and may have moved on. */
  readonly asOf: Date;
}
