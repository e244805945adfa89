import { RECORDS } from './scorpius-keys';
import { readScorpiusTime } from './scorpius-time';
import { OTHER_TYPE, type ScorpiusSource } from './scorpius-source';
import type { Counter } from './scorpius-event';
import type { ScorpiusJournal } from './scorpius-journal';

/** What the original keeps of each event, besides counting it. */
interface StoredRecord {
  readonly org_id: string;
  readonly feature: string;
  readonly quantity: number;
  readonly reset_date: string;
}

type Counted = Omit<Counter, 'count'>;

/** What the copies of events come to, for comparison with the counters. Grows with organisations and features. */
export class RecordSums {
  readonly #sums = new Map<string, bigint>();
  readonly #compared = new Set<string>();

  private constructor(private readonly journal: ScorpiusJournal) {}

  /** Reads all copies. One that cannot be read is a remark: it would not be taken over anyway. */
  static async of(source: ScorpiusSource, journal: ScorpiusJournal): Promise<RecordSums> {
    const sums = new RecordSums(journal);
    for await (const keys of source.pages(`${RECORDS}*`)) {
      const texts = await source.texts(keys);
      texts.forEach((text, i) => {
        if (text === null || text === OTHER_TYPE || !text.startsWith('{')) return;
        const record = readRecord(text);
        if (record === null) journal.remark(keys[i]!, 'is a copy of an event that cannot be compared');
        else sums.#add(record);
      });
    }
    return sums;
  }

  /** Says where a counter and its copies differ. Events of one microsecond have one copy, so fewer is ordinary. */
  compare(key: string, { count, ...counted }: Counter): void {
    const name = nameOf(counted.organisation, counted.feature, counted.period.to);
    const sum = this.#sums.get(name) ?? 0n;
    // Redis may tell a counter twice, so what it was compared with stays.
    this.#compared.add(name);
    if (sum !== count) this.journal.remark(key, `counts ${count}, and its copies of events ${sum}`);
  }

  /** Says which copies belong to no counter. */
  reportRest(): void {
    for (const [name, sum] of this.#sums) {
      if (this.#compared.has(name)) continue;
      const [organisation, feature] = JSON.parse(name) as [string, string, number];
      this.journal.remark(
        `usage:${organisation}:${feature}`,
        `copies of events count ${sum} in a month that no counter of it is of`,
      );
    }
  }

  #add({ organisation, feature, period, count }: Counter): void {
    const name = nameOf(organisation, feature, period.to);
    this.#sums.set(name, (this.#sums.get(name) ?? 0n) + count);
  }
}

const nameOf = (organisation: Counted['organisation'], feature: string, to: number): string =>
  JSON.stringify([organisation, feature, to]);

/** Null = it is none. */
function readRecord(text: string): Counter | null {
  try {
    const { org_id: organisation, feature, quantity, reset_date: reset } = JSON.parse(text) as StoredRecord;
    const isNamed = typeof organisation === 'string' && typeof feature === 'string';
    if (!isNamed || !Number.isSafeInteger(quantity)) return null;
    const to = readScorpiusTime(reset, 'reset_date');
    return { organisation, feature, count: BigInt(quantity), period: { from: to, to } };
  } catch {
    return null;
  }
}
