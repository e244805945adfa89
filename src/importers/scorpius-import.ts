import { DEFAULT_PLANS } from '../core/account';
import { patiently } from './patience';
import { refusalOf } from './row-refusal';
import type { ScorpiusPart } from './scorpius-journal';
import { LIMITS, ORGANISATION, OVERAGE } from './scorpius-keys';
import { type JudgedLimits, judgeLimits, otherLimitText } from './scorpius-limits';
import { kindUnderLimits, type Organisation, organisationOf } from './scorpius-organisation';
import type { ScorpiusParts } from './scorpius-parts';
import { RecordSums } from './scorpius-records';
import { type Found, type Hash, OTHER_TYPE, UnreadableRedis } from './scorpius-source';
import { importUsage } from './scorpius-usage';

const FREE = DEFAULT_PLANS['org']!;

/**
 * Moves an original Scorpius over: organisations with their plans, limits and flags, then what they used. What is here
 * already stays, so an import that was interrupted is simply run again. Throws UnreadableRedis when there is nothing of a
 * Scorpius, and `unavailable` when the database stays away for more than a minute.
 */
export async function importScorpius(parts: ScorpiusParts): Promise<void> {
  const { source, journal, onProgress } = parts;
  const plans = new Plans(parts);
  for await (const keys of source.pages(`${ORGANISATION}*`)) {
    const hashes = await source.hashes(keys);
    for (const [i, key] of keys.entries()) await importHash({ ...parts, plans }, key, hashes[i]!);
    onProgress(journal.read);
  }
  const sums = parts.compareRecords ? await RecordSums.of(source, journal) : null;
  await importUsage(parts, sums);
  for await (const keys of source.pages(`${OVERAGE}*`)) journal.countRead('overage events', keys.length);
  if (journal.read > 0) return;
  throw new UnreadableRedis(`there is no key of a Scorpius in database ${source.database}`);
}

interface Here extends ScorpiusParts {
  readonly plans: Plans;
}

async function importHash(here: Here, key: string, hash: Found<Hash>): Promise<void> {
  const { journal } = here;
  if (hash === null) return journal.vanished('organisations', key);
  const isUnderLimits = key.startsWith(LIMITS);
  const part = isUnderLimits ? 'limits of plans' : 'organisations';
  const kind = hash === OTHER_TYPE || !isUnderLimits ? 'organisation' : kindUnderLimits(hash);
  if (kind !== 'organisation') {
    journal.countRead(part);
    if (kind === 'limits') return here.plans.report(key, hash as Hash);
    return journal.skip(part, key, 'could be limits of a plan or an organisation: its fields are of both');
  }
  journal.countRead('organisations');
  if (hash === OTHER_TYPE) return journal.skip('organisations', key, 'is no hash');
  await importOrganisation(here, key, hash);
}

async function importOrganisation(here: Here, key: string, hash: Hash): Promise<void> {
  const { journal, target } = here;
  const read = await attempt(here, { part: 'organisations', key }, () => {
    const found = organisationOf(key.slice(ORGANISATION.length), hash);
    return target === null
      ? Promise.resolve({ ...found, outcome: 'imported' as const })
      : target.makeAccount(found.organisation.account).then((outcome) => ({ ...found, outcome }));
  });
  if (read === null) return;
  journal.judge('organisations', key, read.outcome);
  for (const problem of read.problems) journal.skip('organisations', key, problem);
  await importPlan(here, key, read.organisation);
  await importPayment(here, key, read.organisation);
}

async function importPlan(here: Here, key: string, { account, plan }: Organisation): Promise<void> {
  const { journal, target, plans } = here;
  journal.countRead('plans');
  const limits = await plans.limits(plan);
  if (limits === null) {
    journal.countUnknownPlan(plan);
    return journal.skip('plans', key, `there is no plan ${plan} here: the organisation keeps ${FREE}`);
  }
  const { overrides, others } = limits;
  if (overrides !== null) journal.countOtherLimits(plan, others.map(otherLimitText).join(', '));
  const outcome = await attempt(here, { part: 'plans', key }, async () => {
    if (target !== null) return target.agree(account, { plan, overrides });
    return plan === FREE && overrides === null ? 'stands' : 'imported';
  });
  if (outcome !== null) journal.judge('plans', key, outcome);
}

async function importPayment(
  here: Here,
  key: string,
  { account, overdue, customerId, createdAt }: Organisation,
): Promise<void> {
  const { journal, target } = here;
  if (overdue !== null) {
    journal.countRead('overdue flags');
    const preview = overdue ? ('imported' as const) : ('stands' as const);
    const outcome = await attempt(here, { part: 'overdue flags', key }, async () =>
      target === null ? preview : target.setOverdue(account, overdue),
    );
    if (outcome !== null) journal.judge('overdue flags', key, outcome);
  }
  if (customerId === null) return;
  journal.countRead('Stripe customers');
  const outcome = await attempt(here, { part: 'Stripe customers', key }, async () =>
    target === null ? ('imported' as const) : target.keepCustomer(account, { id: customerId, createdAt }),
  );
  if (outcome !== null) journal.judge('Stripe customers', key, outcome);
}

/** Null = it was refused, which stands in the journal. */
async function attempt<T>(
  { journal }: Pick<ScorpiusParts, 'journal'>,
  { part, key }: { part: ScorpiusPart; key: string },
  work: () => Promise<T>,
): Promise<T | null> {
  try {
    return await patiently(work);
  } catch (error) {
    journal.skip(part, key, refusalOf(error).detail);
    return null;
  }
}

/** A name of a plan may be anything, so only so many are remembered. */
const PLANS_KEPT = 1_000;

/** What the limits of each plan come to here. */
class Plans {
  readonly #limits = new Map<string, JudgedLimits | null>();

  constructor(private readonly parts: Pick<ScorpiusParts, 'source' | 'journal' | 'cards'>) {}

  /** Null = there is no such plan here. */
  async limits(plan: string): Promise<JudgedLimits | null> {
    const known = this.#limits.get(plan);
    if (known !== undefined) return known;
    const [card, [hash]] = [await this.parts.cards(plan), await this.parts.source.hashes([LIMITS + plan])];
    const isLimits = hash && hash !== OTHER_TYPE && kindUnderLimits(hash) === 'limits';
    const limits = card && (isLimits ? judgeLimits(hash, card) : NO_OTHERS);
    if (this.#limits.size >= PLANS_KEPT) this.#limits.clear();
    this.#limits.set(plan, limits);
    return limits;
  }

  /** Tells what of the limits of a plan cannot be here. */
  async report(key: string, hash: Hash): Promise<void> {
    const { cards, journal } = this.parts;
    const plan = key.slice(LIMITS.length);
    const card = await cards(plan);
    if (card === null) return this.#reportLost(key, hash);
    const { problems, untold } = judgeLimits(hash, card);
    for (const problem of problems) journal.skip('limits of plans', key, problem);
    for (const feature of untold) {
      journal.remark(
        key,
        `${feature} has no limit in it, and was not limited; here the limit of the plan holds`,
      );
    }
  }

  /** The original gave the limits of free to a plan that it did not know: those are not lost. */
  async #reportLost(key: string, hash: Hash): Promise<void> {
    const free = await this.parts.cards(FREE);
    const { others, untold, problems } = free === null ? NO_OTHERS : judgeLimits(hash, free);
    if (free !== null && others.length + untold.length + problems.length === 0) return;
    const reason = `there is no plan ${key.slice(LIMITS.length)} here, and its limits are not those of ${FREE}`;
    this.parts.journal.skip('limits of plans', key, reason);
  }
}

const NO_OTHERS: JudgedLimits = { others: [], overrides: null, untold: [], problems: [] };
