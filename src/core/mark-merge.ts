import type { Sum } from './contribution';
import { mergeStates } from './rollup';
import type { Mark } from './work-mark';

/** What a run of the rollup has to do: sums to add, windows to fold again. */
export interface RollupWork {
  readonly windows: Sum[];
  readonly days: Sum[];
  readonly refolds: Mark[];
}

/** Adds up marks per window and per day, so that each row is written once however many groups touched it. */
export class MarkMerge {
  readonly #windows = new Map<string, Sum>();
  readonly #days = new Map<string, Sum>();
  readonly #refolds = new Map<string, Mark>();

  get hasRefolds(): boolean {
    return this.#refolds.size > 0;
  }

  add(marks: readonly Mark[]): void {
    for (const mark of marks) {
      const { day } = mark;
      if (mark.refold) this.#refolds.set(nameOf(mark), mark);
      addTo(this.#windows, mark);
      addTo(this.#days, { ...mark, ...day!, day: null });
    }
  }

  /** In lock order. A window that is folded again gets nothing added, nor does its day: both are set anew. */
  work(): RollupWork {
    const refolds = inOrder(this.#refolds);
    const refoldedDays = new Set(refolds.map((mark) => nameOf({ ...mark, from: mark.day!.from })));
    return {
      windows: inOrder(this.#windows).filter((sum) => !this.#refolds.has(nameOf(sum))),
      days: inOrder(this.#days).filter((sum) => !refoldedDays.has(nameOf(sum))),
      refolds,
    };
  }
}

function nameOf({
  accountId,
  meterId,
  from,
  dims,
}: Pick<Sum, 'accountId' | 'meterId' | 'from' | 'dims'>): string {
  return `${accountId} ${meterId} ${from} ${dims}`;
}

function addTo(sums: Map<string, Sum>, addition: Sum): void {
  const name = nameOf(addition);
  const sum = sums.get(name);
  if (sum === undefined) {
    const { bucket, accountId, meterId, dims, from, to, day, state } = addition;
    const values = addition.values === null ? null : new Map(addition.values);
    sums.set(name, { bucket, accountId, meterId, dims, from, to, day, state, values });
    return;
  }
  sum.state = mergeStates(sum.state, addition.state);
  for (const [value, refs] of addition.values ?? []) {
    sum.values!.set(value, (sum.values!.get(value) ?? 0) + refs);
  }
}

function inOrder<S extends Sum>(sums: Map<string, S>): S[] {
  return [...sums.values()].sort(
    (a, b) =>
      a.bucket - b.bucket ||
      a.accountId - b.accountId ||
      a.meterId - b.meterId ||
      a.from - b.from ||
      (a.dims < b.dims ? -1 : a.dims > b.dims ? 1 : 0),
  );
}
