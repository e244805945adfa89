import { CREDIT, formatAmount } from '../core/asset';
import { quantity } from '../core/quantity';
import { type GitpodJournal, type GitpodNote, isDiffering, type JudgedBalance } from './gitpod-journal';

const BALANCES_SHOWN = 100;

/** What an import did, in lines for a person: every table, the rows to look at, every balance that differs. */
export function gitpodReportLines(journal: GitpodJournal): string[] {
  const { shown, more } = journal.notes();
  const instances = journal.instances.notes();
  const differing = journal.balances.filter(isDiffering);
  return [
    ...(journal.isDryRun ? ['Nothing was written: this is what --apply would do.', ''] : []),
    ...journal.tables().map(([table, words]) => `${table.padEnd(24)}${wordsLine(words)}`),
    `${'instances'.padEnd(24)}${instanceLine(journal)}`,
    ...titled('Rows to look at:', [
      ...shown.map(noteLine),
      ...instances.shown.map(({ line, id, outcome, reason }) =>
        noteLine({ table: 'd_b_workspace_instance', line, id, outcome: noteOutcome(outcome), reason }),
      ),
      ...moreLine(more + instances.more),
    ]),
    '',
    balanceLine(journal),
    ...differing.slice(0, BALANCES_SHOWN).map(differenceLine),
    ...moreLine(differing.length - BALANCES_SHOWN),
  ];
}

const titled = (title: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : ['', title, ...lines];

const moreLine = (more: number): string[] =>
  more > 0 ? [`  and ${number(more)} more; --report writes all of them`] : [];

/** What was corrected is told as a remark. */
const noteOutcome = (outcome: string): GitpodNote['outcome'] =>
  outcome === 'refused' || outcome === 'conflict' ? outcome : 'remark';

const wordsLine = (words: readonly (readonly [string, number])[]): string =>
  words.map(([word, count]) => `${number(count)} ${word}`).join(', ');

function instanceLine({ instances, isDryRun }: GitpodJournal): string {
  const { recorded, standing, corrected } = instances.counts;
  const told = isDryRun ? 'times would be told' : 'times told';
  return `${number(recorded)} ${told}, ${number(standing)} standing, ${number(corrected)} taken back`;
}

function noteLine({ table, line, id, outcome, reason }: GitpodNote): string {
  const place = line === undefined ? table : `${table} line ${line}`;
  return `  ${place}${id === '' ? '' : ` (${id})`}: ${outcome}: ${reason ?? ''}`;
}

function balanceLine({ balances, isDryRun }: GitpodJournal): string {
  const differing = balances.filter(isDiffering).length;
  const matched = balances.filter(({ opening }) => opening === 'made equal').length;
  const made = matched === 0 ? '' : `, ${number(matched)} ${isDryRun ? 'would be' : 'were'} made equal`;
  return `${number(balances.length)} balances compared${made}, ${number(differing)} differ (CREDIT: original, here, difference)`;
}

function differenceLine({ account, original, ours, opening, standing, ...counts }: JudgedBalance): string {
  const [was, is, difference] = [original, ours, quantity(ours - original)].map((amount) =>
    formatAmount(amount, CREDIT),
  );
  const causes = [
    [counts.otherPrice, 'at another price'],
    [counts.withoutInstance, 'without their instance'],
    [counts.withoutRow, 'not in the original'],
  ] as const;
  const why = causes.filter(([count]) => count > 0).map(([count, cause]) => `${number(count)} ${cause}`);
  return [
    `  ${account}: ${was}, ${is}, ${difference}`,
    ...why,
    ...(opening === 'conflict'
      ? ['is not made equal: it was before by another amount, or stands at one that is not from these tables']
      : []),
    ...(standing === null ? [] : [`${formatAmount(standing, CREDIT)} are posted here`]),
  ].join('; ');
}

const number = (count: number): string => count.toLocaleString('en');
