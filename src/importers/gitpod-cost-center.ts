import type { AccountKey } from '../core/account-key';
import { parseAttributionId } from '../core/attribution-id';
import { type BillingCycle, SPENDING_LIMIT_MAX, newCycle } from '../core/cost-center';
import { invalid } from '../core/errors';
import type { ImportedVersion } from '../cost-centers/history-import.service';
import { readGitpodTime } from './gitpod-time';
import type { Cells } from './table-file';

/** Reads a row of d_b_cost_center: whose, and what it said from when on. Throws `invalid-argument` naming the column. */
export function readCostCenter(cells: Cells): { account: AccountKey; version: ImportedVersion } {
  const created = readGitpodTime(cells['creationTime'] ?? '', 'creationTime');
  if (created === null) throw invalid('creationTime', 'is missing');
  const limit = cells['spendingLimit'] || '0';
  if (!/^\d{1,10}$/.test(limit) || parseInt(limit, 10) > SPENDING_LIMIT_MAX) {
    throw invalid('spendingLimit', `must be a whole number of 0 to ${SPENDING_LIMIT_MAX}`);
  }
  const createdAt = new Date(created);
  return {
    account: parseAttributionId(cells['id'] ?? '', 'id'),
    version: {
      createdAt,
      // The original takes every other word for this one, too.
      strategy: cells['billingStrategy'] === 'stripe' ? 'stripe' : 'other',
      spendingLimit: parseInt(limit, 10),
      cycle: cycleOf(cells, createdAt),
    },
  };
}

/**
 * The cycle that ran then. Later ones are counted from its end, where the original's would have begun, so that it goes on where
 * it was; a row of the time before cycles were stored begins one of its own.
 */
function cycleOf(cells: Cells, createdAt: Date): BillingCycle {
  const start = readGitpodTime(cells['billingCycleStart'] ?? '', 'billingCycleStart');
  const next = readGitpodTime(cells['nextBillingTime'] ?? '', 'nextBillingTime');
  const from = start === null ? createdAt : new Date(start);
  if (next === null || next <= from.getTime()) return newCycle(from);
  const to = new Date(next);
  return { anchor: to, from, to };
}
