import { cpus, totalmem } from 'node:os';
import { spread } from './statistics.mjs';

/** What a target came to: the median of the rounds' own ratios with their range, or null when a case is missing. */
export function judge(target, measured) {
  const { top, bottom, by = 'rate' } = target;
  const tops = measured.get(top) ?? [];
  const bottoms = bottom === undefined ? null : (measured.get(bottom) ?? []);
  const rounds = bottoms === null ? tops.length : Math.min(tops.length, bottoms.length);
  if (rounds === 0) return { ...target, ratio: null, verdict: 'not measured' };
  const values = Array.from({ length: rounds }, (_, i) =>
    bottoms === null ? tops[i][by] : tops[i][by] / bottoms[i][by],
  );
  const ratio = spread(values);
  return { ...target, ratio, verdict: verdictOf(target, ratio.median) };
}

function verdictOf({ aim, floor, lowerIsBetter = false }, value) {
  if (aim === undefined) return 'for comparison';
  const meets = (bound) => (lowerIsBetter ? value <= bound : value >= bound);
  if (meets(aim)) return 'reached';
  return meets(floor) ? 'above the floor' : '**below the floor**';
}

/** The report as Markdown: one table of targets, one of what was measured, and where it was. */
export function markdown({ targets, measured, failures, machine }) {
  return [
    '# Benchmark',
    '',
    ...machine.map((line) => `- ${line}`),
    '',
    failures.length === 0
      ? 'Every run that stored was exact: events = keys = counts, equal sums, nothing acknowledged was missing.'
      : `**Failures: ${failures.length}**\n\n${failures.map((failure) => `- ${failure}`).join('\n')}`,
    '',
    '| # | ratio | measured [min..max] | aim | never below | verdict | CPU µs Node / Postgres | of the other |',
    '|---|---|---|---|---|---|---|---|',
    ...targets.map((target) => targetRow(target, measured)),
    '',
    '| case | per second [min..max] | p50 ms | p95 ms | p99 ms | Node µs | Postgres µs |',
    '|---|---|---|---|---|---|---|',
    ...[...measured].map(([name, rounds]) => caseRow(name, rounds)),
    '',
  ].join('\n');
}

function targetRow({ number, title, ratio, aim, floor, verdict, top, bottom }, measured) {
  const value = ratio ? `**${short(ratio.median)}** [${short(ratio.min)}..${short(ratio.max)}]` : '–';
  const cells = [
    number,
    title,
    value,
    aim ?? '',
    floor ?? '',
    verdict,
    cpuOf(measured.get(top)),
    cpuOf(measured.get(bottom)),
  ];
  return `| ${cells.join(' | ')} |`;
}

function caseRow(name, rounds) {
  const of = (field) => (rounds[0][field] === undefined ? null : spread(rounds.map((round) => round[field])));
  const rate = of('rate');
  const cells = [
    name,
    rate ? `${whole(rate.median)} [${whole(rate.min)}..${whole(rate.max)}]` : '',
    ...['p50', 'p95', 'p99', 'nodeUs', 'postgresUs'].map((field) =>
      of(field) ? short(of(field).median) : '',
    ),
  ];
  return `| ${cells.join(' | ')} |`;
}

function cpuOf(rounds) {
  if (!rounds || rounds[0].nodeUs === undefined) return '–';
  const middle = (field) => short(spread(rounds.map((round) => round[field])).median);
  return `${middle('nodeUs')} / ${middle('postgresUs')}`;
}

/** One measurement in a line, for whoever watches. */
export function progressLine({ rate, p50, p99, nodeUs, postgresUs, difference }) {
  const parts = [];
  if (difference !== undefined) parts.push(`difference ${difference}`);
  if (rate !== undefined) parts.push(`${whole(rate)}/s`);
  if (p50 !== undefined) parts.push(`p50 ${short(p50)} ms, p99 ${short(p99)} ms`);
  if (nodeUs !== undefined) parts.push(`Node ${short(nodeUs)} µs, Postgres ${short(postgresUs)} µs`);
  return parts.join('  ');
}

/** Where and how it was measured. */
export function describeMachine({ options, postgres, generator }) {
  const [cpu] = cpus();
  return [
    `${new Date().toISOString().slice(0, 10)}, ${cpus().length} × ${cpu.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB`,
    `Node ${process.version}; Postgres ${postgres}`,
    `load: ${generator}, on the same machine`,
    `${options.rounds} interleaved rounds of ${options.seconds} s after ${options.warmup} s of warm-up; ratios are medians of the rounds' own ratios${notForQuoting(options)}`,
  ];
}

function notForQuoting({ quick, role }) {
  return (
    (quick ? '; a quick run, not for quoting' : '') +
    (role === 'all' ? '' : `; ROLE=${role}, not for quoting`)
  );
}

function short(value) {
  if (value === 0) return '0';
  return Math.abs(value) >= 100 ? whole(value) : value.toPrecision(Math.abs(value) >= 10 ? 3 : 2);
}

function whole(value) {
  return Math.round(value).toLocaleString('en-GB');
}
