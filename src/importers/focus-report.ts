import type { FocusJournal, RowNote } from './focus-journal';

const ACCOUNTS_SHOWN = 100;

/** What an import did, in lines for a person: the counts, the rows to look at, the sums of each sub-account. */
export function reportLines(journal: FocusJournal): string[] {
  const { accounts, ...counts } = journal.summary();
  const { shown, more } = journal.notes();
  return [
    ...countLines(counts),
    ...(shown.length > 0 ? ['', 'Rows to look at:'] : []),
    ...shown.map(noteLine),
    ...(more > 0 ? [`  and ${number(more)} more; --report writes all of them`] : []),
    ...(accounts.length > 0
      ? ['', 'Rated and listed, by sub-account (rows that agree; rows that differ):']
      : []),
    ...accounts.slice(0, ACCOUNTS_SHOWN).map(accountLine),
    ...(accounts.length > ACCOUNTS_SHOWN ? [`  and ${number(accounts.length - ACCOUNTS_SHOWN)} more`] : []),
  ];
}

type Counts = Omit<ReturnType<FocusJournal['summary']>, 'accounts'>;

function countLines({ rows, recorded, duplicate, conflict, refused, differing, unlisted }: Counts): string[] {
  const line = (name: string, count: number, note = ''): string =>
    `${name.padEnd(12)}${number(count).padStart(12)}${note}`;
  return [
    line('rows read', rows),
    line('recorded', recorded),
    line('duplicate', duplicate, '  stored before, with the same content'),
    ...(conflict > 0 ? [line('conflict', conflict, '  the id is taken by other content')] : []),
    line('refused', refused),
    line('differing', differing, '  stored, but ListCost is not quantity times list price'),
    ...(unlisted > 0 ? [line('unlisted', unlisted, '  stored, and the file names no ListCost')] : []),
  ];
}

function noteLine({ line, id, outcome, reason, rated, list_cost, difference }: RowNote): string {
  const what = reason ?? `rated ${rated}, ListCost ${list_cost}, difference ${difference}`;
  return `  line ${line}${id === '' ? '' : ` (${id})`}: ${outcome}: ${what}`;
}

function accountLine({
  account,
  currency,
  agreeing,
  differing,
}: ReturnType<FocusJournal['summary']>['accounts'][number]) {
  const sums = ({ rows, rated, list_cost }: typeof agreeing): string =>
    `${number(rows)}: ${rated} / ${list_cost}`;
  const odd = differing.rows > 0 ? `; ${sums(differing)}` : '';
  return `  ${account} ${currency}  ${sums(agreeing)}${odd}`;
}

function number(count: number): string {
  return count.toLocaleString('en');
}
