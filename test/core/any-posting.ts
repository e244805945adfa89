import fc from 'fast-check';
import { type Asset, parseAsset, smallestUnit } from '../../src/core/asset';
import { quantity } from '../../src/core/quantity';
import { LEDGER_NAMES, type Posting } from '../../src/core/transfer';

export const anyAsset: fc.Arbitrary<Asset> = fc
  .constantFrom('USD', 'JPY', 'BHD', 'CREDIT')
  .map((text) => parseAsset(text));

/** Any whole amount of the asset between its smallest unit and ten thousand of them. */
export const anyAmount = (asset: Asset) =>
  fc.bigInt({ min: 1n, max: 10_000n }).map((units) => quantity(units * smallestUnit(asset)));

/** Any posting that passes the checks, each for a cause of its own. */
export const anyPosting: fc.Arbitrary<Posting> = fc
  .tuple(anyAsset, fc.shuffledSubarray([...LEDGER_NAMES], { minLength: 2, maxLength: 2 }), fc.uuid())
  .chain(([asset, [debit, credit], source]) =>
    anyAmount(asset).map((amount) => ({
      ...{ asset, debit: debit!, credit: credit!, amount, source },
      kind: 'adjustment' as const,
      effectiveAt: new Date(0),
      reverses: null,
    })),
  );
