import type { UsageEvent } from '../core/event';
import type { Instance } from './gitpod-instance';
import type { InstanceJournal } from './instance-journal';
import { type InstancePlan, TELLINGS_MAX, planInstance } from './instance-plan';
import type { InstanceTarget, TakenBack } from './instance-target';
import { patiently } from './patience';
import type { RowVerdict } from './row-verdict';

/** Each brings four events at most, and as many that are taken back. */
const BATCH = 1_000;

interface Sent {
  readonly line: number;
  readonly instance: Instance;
}

interface Planned extends Sent {
  readonly plan: InstancePlan;
}

/**
 * Instances on their way, batch by batch: what stands of them is read, and the difference to their rows is told. One batch
 * at a time, because two rows of one instance must not overtake each other.
 */
export class InstanceLane {
  #waiting: Sent[] = [];

  constructor(
    private readonly target: InstanceTarget,
    private readonly journal: InstanceJournal,
  ) {}

  push(sent: Sent): void {
    this.#waiting.push(sent);
  }

  /** Sends the whole batches that can go. */
  async advance(): Promise<void> {
    while (this.#waiting.length >= BATCH) await this.#settle(this.#waiting.splice(0, BATCH));
  }

  /** Sends what is left. */
  async flush(): Promise<void> {
    await this.advance();
    if (this.#waiting.length > 0) await this.#settle(this.#waiting.splice(0));
  }

  /** Of several rows of one instance the last one holds. */
  async #settle(batch: readonly Sent[]): Promise<void> {
    const last = new Map(batch.map((sent) => [`${sent.instance.account} ${sent.instance.id}`, sent]));
    this.journal.counts.superseded += batch.length - last.size;
    this.journal.counts.instances += last.size;
    let open = [...last.values()];
    for (let telling = 1; telling <= TELLINGS_MAX && open.length > 0; telling++) {
      const planned = await this.#plan(open, telling);
      if (telling === 1) planned.forEach((each) => this.#note(each));
      open = await this.#tell(planned.filter(hasWork));
    }
    for (const { line, instance } of open) {
      const reason = `its times were taken back ${TELLINGS_MAX} times: tell them by hand`;
      this.journal.note({ line, id: instance.id, outcome: 'conflict', reason });
    }
  }

  async #plan(batch: readonly Sent[], telling: number): Promise<Planned[]> {
    const names = batch.map(({ instance: { account, id } }) => ({ account, id }));
    const told = await patiently(() => this.target.told(names));
    return batch.map((sent, i) => ({ ...sent, plan: planInstance(sent.instance, told[i]!, telling) }));
  }

  #note({ line, instance: { id }, plan }: Planned): void {
    this.journal.counts.standing += plan.standing;
    for (const reason of plan.conflicts) this.journal.note({ line, id, outcome: 'conflict', reason });
    for (const { target, reason } of plan.takenBack) {
      const what = `${target.slice(id.length + 1)} is taken back (${reason})`;
      this.journal.note({ line, id, outcome: 'corrected', reason: what });
    }
  }

  /** Answers those of which a time could not be told under its id, because an event that was taken back holds it. */
  async #tell(planned: readonly Planned[]): Promise<Sent[]> {
    const events = planned.flatMap(({ plan }) => plan.events);
    const takenBack = planned.flatMap(({ plan }) => plan.takenBack);
    if (events.length + takenBack.length === 0) return [];
    const { counts } = this.journal;
    if (this.journal.isDryRun) {
      counts.recorded += events.length;
      counts.corrected += takenBack.length;
      return [];
    }
    const verdicts = await patiently(() => this.target.record(events, takenBack));
    const judged = new Map<UsageEvent | TakenBack, RowVerdict>([
      ...events.map((event, i) => [event, verdicts.events[i]!] as const),
      ...takenBack.map((each, i) => [each, verdicts.takenBack[i]!] as const),
    ]);
    return planned.filter((each) => this.#judge(each, judged));
  }

  /** Whether something is still to be told. */
  #judge(
    { line, instance: { id }, plan }: Planned,
    judged: ReadonlyMap<UsageEvent | TakenBack, RowVerdict>,
  ): boolean {
    const refuse = (what: string, { reason }: RowVerdict): void => {
      this.journal.note({
        line,
        id,
        outcome: 'refused',
        reason: `${what}: ${reason ?? 'no reason was given'}`,
      });
    };
    for (const each of plan.takenBack) {
      const verdict = judged.get(each)!;
      if (verdict.status === 'recorded') this.journal.counts.corrected++;
      else if (verdict.status !== 'duplicate') refuse(`${each.target} is not taken back`, verdict);
    }
    let isOpen = false;
    for (const event of plan.events) {
      const verdict = judged.get(event)!;
      if (verdict.status === 'recorded') this.journal.counts.recorded++;
      else if (verdict.status === 'refused') refuse(event.type, verdict);
      else isOpen = true;
    }
    return isOpen;
  }
}

const hasWork = ({ plan }: Planned): boolean => plan.events.length + plan.takenBack.length > 0;
