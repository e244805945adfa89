import type { AccountKey } from '../core/account-key';
import { DomainError, invalid } from '../core/errors';
import type { UsageEvent } from '../core/event';
import { patiently } from './patience';
import { refusalOf } from './row-refusal';
import { type Counter, FEATURE_METERS, openingEvent } from './scorpius-event';
import { ORGANISATION, RESET, splitsOf, USAGE, usageText } from './scorpius-keys';
import { accountOfOrganisation, isOrganisation } from './scorpius-organisation';
import type { ScorpiusParts } from './scorpius-parts';
import type { RecordSums } from './scorpius-records';
import { type Found, OTHER_TYPE } from './scorpius-source';
import { periodOfMarker } from './scorpius-time';

interface Count {
  readonly key: string;
  readonly count: bigint;
}

/** A counter that is understood, and what it is here. */
interface Opening {
  readonly key: string;
  readonly counter: Counter;
  readonly event: UsageEvent;
}

type Usage = Pick<ScorpiusParts, 'source' | 'target' | 'journal' | 'latest' | 'onProgress'>;

/** Turns counters into one event each; `sums` null = they are not compared with the copies of events. */
export async function importUsage(parts: Usage, sums: RecordSums | null): Promise<void> {
  const { source, journal, onProgress } = parts;
  for await (const keys of source.pages(`${USAGE}*`)) {
    const counts = await countsIn(parts, keys);
    const openings = await openingsOf(parts, counts);
    for (const { key, counter } of openings) sums?.compare(key, counter);
    await record(parts, openings);
    onProgress(journal.read);
  }
  sums?.reportRest();
}

/** Finds the counters among keys, and judges the others. */
async function countsIn({ source, journal }: Usage, keys: readonly string[]): Promise<Count[]> {
  const texts = await source.texts(keys);
  const counts: Count[] = [];
  const markers: string[] = [];
  for (const [i, key] of keys.entries()) {
    const text = texts[i]!;
    if (text === null) journal.vanished('counters', key);
    if (text === null) continue;
    const found = text === OTHER_TYPE ? OTHER : usageText(key, text);
    if (found.kind === 'record') journal.countRead('copies of events');
    else if (found.kind === 'count') counts.push({ key, count: found.count });
    else if (found.kind === 'marker') markers.push(key);
    else {
      const part = key.endsWith(RESET) ? 'reset markers' : 'counters';
      journal.countRead(part);
      journal.skip(part, key, found.reason);
    }
  }
  await judgeMarkers({ source, journal }, markers);
  return counts;
}

const OTHER = { kind: 'nothing', reason: 'is no text' } as const;

/** A marker alone says that something was counted which is lost. */
async function judgeMarkers(
  { source, journal }: Pick<Usage, 'source' | 'journal'>,
  keys: readonly string[],
): Promise<void> {
  journal.countRead('reset markers', keys.length);
  const counters = await source.texts(keys.map((key) => key.slice(0, -RESET.length)));
  keys.forEach((key, i) => {
    if (counters[i] === null) journal.skip('reset markers', key, 'there is no counter that it could be of');
  });
}

async function openingsOf(parts: Usage, counts: readonly Count[]): Promise<Opening[]> {
  const { source, journal, latest } = parts;
  journal.countRead('counters', counts.length);
  const markers = await source.texts(counts.map(({ key }) => key + RESET));
  const known = await knownOrganisations(parts, counts);
  const openings: Opening[] = [];
  counts.forEach(({ key, count }, i) => {
    try {
      const period = periodOf(markers[i]!);
      if (period.from > latest) throw invalid('reset marker', 'its month has not begun');
      const counter = { ...ownerOf(key, known), count, period };
      const account = accountOfOrganisation(counter.organisation);
      openings.push({ key, counter, event: openingEvent(counter, account) });
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      journal.skip('counters', key, error.message);
    }
  });
  return openings;
}

function periodOf(marker: Found<string>): Counter['period'] {
  if (marker === null || marker === OTHER_TYPE) throw invalid('reset marker', 'is missing');
  return periodOfMarker(marker);
}

/** Which of the organisations there are that the keys with more than one reading could be of. */
async function knownOrganisations({ source }: Usage, counts: readonly Count[]): Promise<Set<string>> {
  const unclear = counts.map(({ key }) => splitsOf(key)).filter((splits) => splits.length > 1);
  const ids = [...new Set(unclear.flat().map(({ organisation }) => organisation))];
  const hashes = await source.hashes(ids.map((id) => ORGANISATION + id));
  return new Set(
    ids.filter((id, i) => {
      const hash = hashes[i]!;
      return hash !== null && hash !== OTHER_TYPE && isOrganisation(id, hash);
    }),
  );
}

/**
 * Whose counter it is. Of several readings the one whose organisation is there: the original makes an organisation of whoever
 * uses anything. Throws `invalid-argument` when none or more than one is.
 */
function ownerOf(key: string, known: ReadonlySet<string>): { organisation: string; feature: string } {
  const splits = splitsOf(key);
  if (splits.length === 0) throw invalid('key', 'names no feature');
  const [owner, ...others] =
    splits.length === 1 ? splits : splits.filter((each) => known.has(each.organisation));
  if (owner && others.length === 0) return owner;
  const readings = splits.length <= READINGS_SHOWN ? ` (${splits.map(readingText).join('; ')})` : '';
  throw invalid(
    'key',
    `can be read in ${splits.length} ways${readings}, and not one of them alone has its organisation`,
  );
}

const READINGS_SHOWN = 5;
const readingText = ({ organisation, feature }: { organisation: string; feature: string }): string =>
  `${feature} of ${organisation}`;

async function record({ target, journal }: Usage, openings: readonly Opening[]): Promise<void> {
  const isThere = await accountsOf({ target, journal }, openings);
  const sent = openings.filter(({ event }) => isThere.has(event.account));
  const events = sent.map(({ event }) => event);
  const verdicts =
    target === null || events.length === 0 ? null : await patiently(() => target.record(events));
  sent.forEach(({ key, counter: { feature, count } }, i) => {
    const { status, reason } = verdicts?.[i] ?? { status: 'recorded' as const, reason: '' };
    if (status === 'refused' || status === 'conflict') {
      return journal.skip(
        'counters',
        key,
        status === 'conflict' ? `another count stands here: ${reason}` : reason!,
      );
    }
    journal.judge('counters', key, status === 'recorded' ? 'imported' : 'stands');
    journal.countUsage(FEATURE_METERS.has(feature) ? feature : `feature.used ${feature}`, count);
  });
}

/** The accounts that are there, made where they are not; what cannot be is told of each of its counters. */
async function accountsOf(
  { target, journal }: Pick<Usage, 'target' | 'journal'>,
  openings: readonly Opening[],
): Promise<ReadonlySet<AccountKey>> {
  const accounts = new Set(openings.map(({ event }) => event.account));
  if (target === null) return accounts;
  for (const account of accounts) {
    const why = await patiently(() => target.makeAccount(account)).then(
      () => null,
      (error: unknown) => refusalOf(error).detail,
    );
    if (why === null) continue;
    accounts.delete(account);
    const lost = openings.filter(({ event }) => event.account === account);
    for (const { key } of lost) journal.skip('counters', key, why);
  }
  return accounts;
}
