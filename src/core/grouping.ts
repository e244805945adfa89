/** Which part of a meter's usage is asked for, and by which of its dimensions it is told apart. */
export interface Grouping {
  readonly groupBy: readonly string[];
  /** Keeps what has one of these values in each of the dimensions named. */
  readonly filters: ReadonlyMap<string, readonly string[]>;
}

/** The values of the dimensions grouped by; null where an event had none. */
export type GroupLabel = Readonly<Record<string, string | null>>;

export interface Groups {
  /** In the order of their text; without `groupBy` there is exactly one, empty. */
  readonly labels: readonly GroupLabel[];
  /** Each combination of dimensions (canonical text) that is asked for, with the place of its group. */
  readonly members: readonly { readonly dims: string; readonly group: number }[];
  /** Told apart by dimensions; false = all that the filters keep is one. */
  readonly isGrouped: boolean;
}

/**
 * Sorts combinations of dimensions, as stored (`{"region":"eu"}`, '' for a meter without dimensions), into the groups
 * asked for; those that a filter keeps out are in none.
 */
export function groupsOf(stored: readonly string[], { groupBy, filters }: Grouping): Groups {
  const found = new Map<string, { label: GroupLabel; dims: string[] }>();
  if (groupBy.length === 0) found.set('{}', { label: {}, dims: [] });
  for (const dims of stored) {
    const values = (dims === '' ? {} : JSON.parse(dims)) as Record<string, string>;
    const valueOf = (name: string): string | null => (Object.hasOwn(values, name) ? values[name]! : null);
    if (![...filters].every(([name, wanted]) => wanted.some((value) => value === valueOf(name)))) continue;
    const label = Object.fromEntries(groupBy.map((name) => [name, valueOf(name)]));
    const text = JSON.stringify(label);
    const group = found.get(text);
    if (group) group.dims.push(dims);
    else found.set(text, { label, dims: [dims] });
  }
  const ordered = [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
  return {
    labels: ordered.map((group) => group.label),
    members: ordered.flatMap(({ dims }, group) => dims.map((each) => ({ dims: each, group }))),
    isGrouped: groupBy.length > 0,
  };
}
