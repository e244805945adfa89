import type { PartCounts, ScorpiusJournal, ScorpiusNote, ScorpiusPart } from './scorpius-journal';

/** What is only read, and why. */
const READ_ONLY: Partial<Record<ScorpiusPart, string>> = {
  'limits of plans': '',
  'reset markers': '  say which month a counter is of',
  'copies of events': '  are in the counters, and not counted again',
  'overage events': '  nothing was billed by them',
};

/** What an import did, or would do, in lines for a person: a table of counts, usage, limits, what to look at. */
export function scorpiusReportLines(journal: ScorpiusJournal): string[] {
  const { usage, unknown_plans: unknownPlans, other_limits: otherLimits } = journal.summary();
  const { shown, more } = journal.notes();
  return [
    ...(journal.isDryRun ? ['Nothing was written: this is what --apply would do.', ''] : []),
    line('', ['read', journal.isDryRun ? 'would take' : 'taken over', 'here before', 'skipped']),
    ...journal.parts().map(partLine),
    ...titled(
      'Counted in the month of each reset marker:',
      entries(usage, (count) => count),
    ),
    ...titled('Limits instead of those of the plan here:', entries(otherLimits, organisations)),
    ...titled(
      'Plans that are not known here, whose organisations keep free:',
      entries(unknownPlans, organisations),
    ),
    ...titled('To look at:', shown.map(noteLine)),
    ...(more > 0 ? [`  and ${number(more)} more; --report writes all of them`] : []),
  ];
}

const WIDTH = 13;

const line = (name: string, cells: readonly string[]): string =>
  name.padEnd(18) + cells.map((cell) => cell.padStart(WIDTH)).join('');

function partLine([part, { read, imported, stands, skipped }]: [ScorpiusPart, PartCounts]): string {
  const note = READ_ONLY[part];
  if (note === undefined) return line(part, [read, imported, stands, skipped].map(number));
  return line(part, [number(read), '', '', number(skipped)]) + note;
}

const titled = (title: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : ['', title, ...lines];

const entries = <T>(all: Readonly<Record<string, T>>, text: (value: T) => string): string[] =>
  Object.entries(all).map(([name, value]) => `  ${printable(name)}  ${text(value)}`);

const organisations = (count: number): string =>
  `(${number(count)} ${count === 1 ? 'organisation' : 'organisations'})`;

const noteLine = ({ key, outcome, reason }: ScorpiusNote): string =>
  `  ${printable(key)}: ${outcome}: ${printable(reason)}`;

/** Names are anybody's, and must not move the cursor of who reads them. */
const printable = (text: string): string =>
  text.replace(/[\p{Cc}\p{Cs}]/gu, (char) => JSON.stringify(char).slice(1, -1));

const number = (count: number): string => count.toLocaleString('en');
