import type { WaybillJournal, WaybillNote } from './waybill-journal';

type Summary = ReturnType<WaybillJournal['summary']>;

/** What an import did, or would do, in lines for a person: counts, sums of both sides, what to look at. */
export function waybillReportLines(journal: WaybillJournal): string[] {
  const summary = journal.summary();
  const { shown, more, differences } = journal.notes();
  return [
    ...(summary.dry_run ? ['Nothing was written: this is what an import would do.', ''] : []),
    ...eventLines(summary.events, summary.dry_run),
    ...agreementLines(summary.agreements, summary.dry_run),
    ...usageLines(summary.usage),
    ...recordLines(summary.billing_records),
    ...(differences > 0 ? ['', `${number(differences)} figures differ; --report writes each of them`] : []),
    ...(shown.length > 0 ? ['', 'To look at:'] : []),
    ...shown.map(noteLine),
    ...(more > 0 ? [`  and ${number(more)} more; --report writes all of them`] : []),
  ];
}

function eventLines(
  { by_type, refused_by_reason, ...counts }: Summary['events'],
  isDryRun: boolean,
): string[] {
  return [
    countLine('events read', counts.read),
    ...Object.entries(by_type).map(([type, count]) => countLine(`  ${type}`, count)),
    countLine(isDryRun ? 'would record' : 'recorded', counts.recorded),
    ...(isDryRun ? [] : [countLine('duplicate', counts.duplicate, '  stored before, with the same content')]),
    ...(counts.conflict > 0
      ? [countLine('conflict', counts.conflict, '  the id is taken by other content')]
      : []),
    countLine('refused', counts.refused),
    ...Object.entries(refused_by_reason).map(([reason, count]) => `  ${number(count)} × ${reason}`),
  ];
}

function agreementLines(agreements: Summary['agreements'], isDryRun: boolean): string[] {
  return Object.entries(agreements).map(([kind, { stands, nothing, conflict, refused }]) => {
    const others = [
      ...(nothing > 0 ? [`${number(nothing)} over`] : []),
      ...(conflict > 0 ? [`${number(conflict)} in conflict`] : []),
      ...(refused > 0 ? [`${number(refused)} refused`] : []),
    ];
    const note = [isDryRun ? 'would stand here' : 'stand here', ...others].join(', ');
    return countLine(`${kind}s`, stands, `  ${note}`);
  });
}

function usageLines(usage: Summary['usage']): string[] {
  if (usage.length === 0) return [];
  const rows = usage.map((each) => [
    ...[each.metric, each.original, each.ours, each.difference],
    `${number(each.differing_projects)} of ${number(each.projects)}`,
  ]);
  return ['', ...table(['usage', 'original', 'here', 'difference', 'projects that differ'], rows)];
}

function recordLines({ read, compared, differing, parts }: Summary['billing_records']): string[] {
  if (read === 0) return [];
  const rows = parts.map((each) => [
    ...[each.part, each.original, each.ours, each.difference],
    number(each.differing),
  ]);
  const counts = `${number(read)} billing records, ${number(compared)} compared, ${number(differing)} differ`;
  return ['', counts, ...table(['USD', 'original', 'here', 'difference', 'records that differ'], rows)];
}

/** The first column to the left, the others to the right. */
function table(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = header.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)));
  return [header, ...rows].map((row) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]! + 2))).join(''),
  );
}

function noteLine({ kind, id, project, outcome, reason }: WaybillNote): string {
  return `  ${kind} ${id ?? ''} of project ${project}: ${outcome}: ${reason}`;
}

function countLine(name: string, count: number, note = ''): string {
  return `${name.padEnd(24)}${number(count).padStart(12)}${note}`;
}

function number(count: number): string {
  return count.toLocaleString('en');
}
