import type { AccountKey } from '../core/account-key';
import { DEFAULT_CREDIT_RATE, creditsOfRun } from '../core/credits';
import { type Quantity, quantity, ZERO } from '../core/quantity';
import type { Ratio } from '../core/ratio';
import { pricedRun } from '../core/span-settlement';
import { instanceRuns } from '../core/workspace-instance';
import type { Instance } from './gitpod-instance';
import type { UsageRow } from './gitpod-usage';

/** What an account owes in the original and here, in credits; rows and instances that make the difference. */
export interface AccountBalance {
  readonly account: AccountKey;
  readonly original: Quantity;
  readonly ours: Quantity;
  /** Of ours what is final, and so posted; the rest belongs to instances whose end may still move. */
  readonly final: Quantity;
  /** Instances with another price here. */
  readonly otherPrice: number;
  /** Rows of instances that are not in the export. */
  readonly withoutInstance: number;
  /** Instances with a price that the original has no row of. */
  readonly withoutRow: number;
}

/** An instance that costs something else here; null = the original has no row of it, or the export no instance. */
export interface InstanceDifference {
  readonly account: AccountKey;
  readonly instanceId: string;
  readonly original: Quantity | null;
  readonly ours: Quantity | null;
}

type Sums = { -readonly [K in keyof AccountBalance]: AccountBalance[K] };
type InstanceRow = Pick<UsageRow, 'account' | 'credits' | 'at'>;

/**
 * Adds up what accounts owe in the original, row by row, and what they will owe here: spans priced by the rates of this
 * installation, and the rows that are no instances. An instance that runs is priced up to the instant at which the original
 * last priced it, so that the two can be compared.
 */
export class GitpodBalances {
  readonly #sums = new Map<AccountKey, Sums>();
  readonly #rows = new Map<string, InstanceRow>();

  constructor(
    private readonly rates: ReadonlyMap<string, Ratio>,
    private readonly onDifference: (difference: InstanceDifference) => void,
  ) {}

  /** A row of the ledger; false = its instance has one already. */
  addRow({ account, kind, credits, at, instanceId }: UsageRow): boolean {
    if (kind === 'workspaceinstance' && instanceId !== null) {
      if (this.#rows.has(instanceId)) return false;
      this.#rows.set(instanceId, { account, credits, at });
    }
    const sums = this.#of(account);
    sums.original = quantity(sums.original + credits);
    if (kind === 'workspaceinstance') {
      if (instanceId === null) sums.withoutInstance++;
    } else {
      sums.ours = quantity(sums.ours + credits);
      sums.final = quantity(sums.final + credits);
    }
    return true;
  }

  /** An instance as it is told here; each once. */
  addInstance({ id, account, facts, properties }: Instance): void {
    const row = this.#rows.get(id);
    this.#rows.delete(id);
    const sums = this.#of(account);
    let ours: Quantity = ZERO;
    for (const run of instanceRuns(facts.map((fact) => ({ ...fact, key: '', properties })))) {
      const { amount, rate } = pricedRun(run, null, (name) => this.rates.get(name) ?? DEFAULT_CREDIT_RATE);
      const upTo = row?.at ?? run.startedAt;
      const cost = amount ?? creditsOfRun(run, { now: upTo, perMinute: rate });
      ours = quantity(ours + cost);
      if (!run.isDraft) sums.final = quantity(sums.final + cost);
    }
    sums.ours = quantity(sums.ours + ours);
    if (row ? row.credits === ours : ours === ZERO) return;
    if (row) sums.otherPrice++;
    else sums.withoutRow++;
    this.onDifference({ account, instanceId: id, original: row?.credits ?? null, ours });
  }

  /** All accounts by their keys; to be asked when everything was added. */
  accounts(): AccountBalance[] {
    for (const [instanceId, { account, credits }] of this.#rows) {
      this.#of(account).withoutInstance++;
      if (credits !== ZERO) this.onDifference({ account, instanceId, original: credits, ours: null });
    }
    this.#rows.clear();
    return [...this.#sums.values()].sort((a, b) => (a.account < b.account ? -1 : 1));
  }

  #of(account: AccountKey): Sums {
    const known = this.#sums.get(account);
    if (known) return known;
    const nothing = { original: ZERO, ours: ZERO, final: ZERO };
    const sums = { account, ...nothing, otherPrice: 0, withoutInstance: 0, withoutRow: 0 };
    this.#sums.set(account, sums);
    return sums;
  }
}
