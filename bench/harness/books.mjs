/** What the service stored and what it counted; each event of this bench is read by exactly one meter. */
const SERVICE_BOOKS = `
  select (select count(*) from usage_event) as events, (select count(*) from event_key) as keys,
    (select coalesce(sum(quantity), 0) from usage_event) as quantity,
    (select coalesce(sum(count), 0) from usage_counter where dims = '') as counted,
    (select coalesce(sum(sum), 0) from usage_counter where dims = '') as summed`;

/** Events in the service's tables so far. */
export async function countEvents(postgres, database) {
  const [row] = await postgres.query(database, 'select count(*) as events from usage_event');
  return Number(row.events);
}

/**
 * Every run that stores is checked: as many events as counted, the same sum, every acknowledged event there, and no more
 * than what may have been under way when the load ended. Returns the sentences that say otherwise.
 *
 * @param {{ postgres: object, database: string, books?: string, before: number, acknowledged: number, underWay: number }} run
 */
export async function checkBooks({
  postgres,
  database,
  books = SERVICE_BOOKS,
  before,
  acknowledged,
  underWay,
}) {
  const [row] = await postgres.query(database, books);
  const problems = [];
  const events = BigInt(row.events);
  const stored = Number(events) - before;
  if (events !== BigInt(row.counted)) problems.push(`${row.events} events stored, ${row.counted} counted`);
  if (row.keys !== undefined && events !== BigInt(row.keys))
    problems.push(`${row.events} events, ${row.keys} keys`);
  if (!sameDecimal(row.quantity, row.summed))
    problems.push(`events sum to ${row.quantity}, counters to ${row.summed}`);
  if (stored < acknowledged) problems.push(`${acknowledged} acknowledged, only ${stored} stored`);
  if (stored > acknowledged + underWay)
    problems.push(`${stored} stored, only ${acknowledged} sent and answered`);
  return problems;
}

/** The same number whatever zeros follow it; as text, because a double would lose what is being checked. */
export function sameDecimal(a, b) {
  return withoutTrailingZeros(a) === withoutTrailingZeros(b);
}

function withoutTrailingZeros(text) {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}
