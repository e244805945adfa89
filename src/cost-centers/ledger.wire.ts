import { z } from 'zod';
import type { AccountKey } from '../core/account-key';
import { formatAmount } from '../core/asset';
import { LEDGER_NAMES, TRANSFER_KINDS } from '../core/transfer';
import type { LedgerBalance, StoredTransfer } from '../ledger/stored';
import { type AnswerOf, DecimalText, InstantText, pageAnswer } from '../platform/doors/open-api-answer';
import { PageQuery, encodeCursor, pageOf } from '../platform/doors/pagination';
import { AccountPath } from './account.commands';
import { type Position, positionIn } from './ledger.commands';

const HISTORY = 'ledger';

/** A page of one account's list. */
export interface AccountPage {
  readonly account: AccountKey;
  readonly limit: number;
  readonly after: Position | null;
}

/** The key stands in the path, where the page begins in the query. */
export function fromRestAccountPage(path: unknown, query: unknown, list: string = HISTORY): AccountPage {
  const page = PageQuery.parse(query);
  return { account: AccountPath.parse(path).key, limit: page.limit, after: positionIn(list, page) };
}

const AssetText = z.string().meta({ description: 'CREDIT or an ISO 4217 code.', example: 'USD' });
const Name = z.enum(LEDGER_NAMES);

export const BalanceAnswer = z
  .strictObject({
    account: z.string(),
    items: z.array(
      z.strictObject({
        asset: AssetText,
        name: Name,
        posted: DecimalText.meta({ description: 'Debits less credits, in major units.' }),
        with_pending: DecimalText.meta({ description: 'The same with what is not final yet.' }),
      }),
    ),
  })
  .meta({ id: 'Balance' });

export function toRestBalance(
  account: AccountKey,
  balances: readonly LedgerBalance[],
): AnswerOf<typeof BalanceAnswer> {
  const items = balances.map(({ asset, name, posted, withPending }) => ({
    asset,
    name,
    posted: formatAmount(posted, asset),
    with_pending: formatAmount(withPending, asset),
  }));
  return { account, items };
}

const TransferAnswer = z
  .strictObject({
    id: z.string().meta({ format: 'uuid' }),
    kind: z.enum(TRANSFER_KINDS),
    asset: AssetText,
    debit: Name,
    credit: Name,
    amount: DecimalText.meta({ description: 'Above zero, in major units.' }),
    source: z.string().meta({ description: 'What caused it.' }),
    reverses: z.string().nullable().meta({ description: 'The transfer that this one takes back.' }),
    effective_at: InstantText,
    recorded_at: InstantText,
  })
  .meta({ id: 'Transfer' });
export const TransferPageAnswer = pageAnswer(TransferAnswer);

function toRestTransfer(transfer: StoredTransfer): AnswerOf<typeof TransferAnswer> {
  const { id, kind, asset, debit, credit, source, reverses } = transfer;
  return {
    ...{ id, kind, asset, debit, credit, source, reverses },
    amount: formatAmount(transfer.amount, asset),
    effective_at: transfer.effectiveAt.toISOString(),
    recorded_at: transfer.recordedAt.toISOString(),
  };
}

/** Cuts the page out of one row too many. */
export function toRestTransferPage(
  transfers: readonly StoredTransfer[],
  { limit }: AccountPage,
): AnswerOf<typeof TransferPageAnswer> {
  const page = pageOf(transfers, limit, ({ position }) => encodeCursor(HISTORY, { ...position }));
  return { items: page.items.map(toRestTransfer), next_cursor: page.next_cursor };
}
