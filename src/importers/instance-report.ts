import type { InstanceJournal } from './instance-journal';

/** What an import did, in lines for a person: the counts, and the rows to look at. */
export function instanceReportLines(journal: InstanceJournal): string[] {
  const { shown, more } = journal.notes();
  return [
    ...(journal.isDryRun ? ['Nothing was written: this is what an import would do.', ''] : []),
    ...countLines(journal),
    ...(shown.length > 0 ? ['', 'Rows to look at:'] : []),
    ...shown.map(({ line, id, outcome, reason }) => `  line ${line} (${id}): ${outcome}: ${reason}`),
    ...(more > 0 ? [`  and ${number(more)} more; --report writes all of them`] : []),
  ];
}

function countLines({ rowsRead, counts, outcomes, isDryRun }: InstanceJournal): string[] {
  const line = (name: string, count: number, note = ''): string =>
    `${name.padEnd(18)}${number(count).padStart(12)}${note}`;
  const would = isDryRun ? 'would ' : '';
  return [
    line('rows read', rowsRead),
    line('instances', counts.instances),
    ...(counts.superseded > 0
      ? [line('superseded', counts.superseded, '  a later row tells the same instance')]
      : []),
    line(`${would}record`, counts.recorded, '  times'),
    line('standing', counts.standing, '  times told before'),
    ...(counts.corrected > 0
      ? [line(`${would}take back`, counts.corrected, '  times that moved or were cleared')]
      : []),
    line('refused', outcomes.refused, '  rows'),
    ...(outcomes.conflict > 0 ? [line('conflict', outcomes.conflict, '  rows')] : []),
  ];
}

const number = (count: number): string => count.toLocaleString('en');
