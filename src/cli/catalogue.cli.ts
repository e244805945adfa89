import { parseArgs } from 'node:util';
import { withClosedApp } from '../app-console';
import type { PlanOffer } from '../core/plan';
import type { PlanChange } from '../core/plan-change';
import { DomainError } from '../core/errors';
import { loadConfig } from '../platform/config';
import { openPlanFiles, readPlanFiles, type FiledPlans } from '../pricing/plan-file';
import { PlanService } from '../pricing/plan.service';
import { environment } from './environment';
import { UsageError } from './usage-error';

export const CATALOGUE_HELP = `tallyhouse catalogue diff | plan | apply <file or folder> ... [--yes]

Plans as YAML files: a list named \`plans\`, each in the shape of PUT /api/v1/catalogue/plans/{key}, amounts as quoted decimals.
A folder stands for the .yaml and .yml files right in it. Plans that no file names are left alone.

  diff     shows what the files would change: new plans, new versions with what differs, other words
  plan     the same, and what applying would come to
  apply    the same as plan; with --yes it is done. A change of anything priced adds a version, older ones stay as they are

  --yes    write; without it nothing is written

Works on DATABASE_URL, else on the embedded Postgres of DATA_DIR, which may be in use by a running service.
Ends with 2, and without a change, when anything in the files is wrong; every mistake is told with its file and place.`;

const OPTIONS = { yes: { type: 'boolean', default: false } } as const;
/** Who applies files, in the audit trail. */
const ACTOR = 'cli:catalogue';
const VERBS = ['diff', 'plan', 'apply'];

/** Runs one catalogue command and prints what changes. */
export async function catalogue(args: readonly string[]): Promise<void> {
  const { values, positionals } = parse(args);
  const [verb, ...paths] = positionals;
  if (!verb || !VERBS.includes(verb)) {
    throw new UsageError(verb ? `catalogue does not know ${verb}` : 'catalogue what?', CATALOGUE_HELP);
  }
  if (paths.length === 0) throw new UsageError('Which files?', CATALOGUE_HELP);
  if (values.yes && verb !== 'apply') throw new UsageError(`--yes does not go with ${verb}`, CATALOGUE_HELP);
  const opened = openPlanFiles(paths);
  const { plans, problems } = readPlanFiles(opened.files);
  if (refused([...opened.problems, ...problems])) return;
  await withClosedApp(loadConfig(environment()), async (app) => {
    const service = app.get(PlanService, { strict: false });
    const changes = await preview(service, plans);
    if (refused(changes.problems)) return;
    if (values.yes) return print(await apply(service, plans), 'Done');
    print(changes.changes, verb === 'diff' ? null : 'Nothing is written without apply --yes');
  });
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), CATALOGUE_HELP);
  }
}

function refused(problems: readonly string[]): boolean {
  if (problems.length === 0) return false;
  console.error([...problems, `${counted(problems.length, 'mistake')}: nothing is changed`].join('\n'));
  process.exitCode = 2;
  return true;
}

/** Every plan is looked at before the first is written, so that one mistake does not leave half a catalogue. */
async function preview(service: PlanService, plans: FiledPlans['plans']) {
  const changes: PlanChange[] = [];
  const problems: string[] = [];
  for (const { path, offer } of plans) {
    try {
      changes.push(await service.preview(offer));
    } catch (error) {
      if (!(error instanceof DomainError) || error.code !== 'invalid-argument') throw error;
      problems.push(...error.fields.map(({ field, reason }) => `${path}: ${offer.key}.${field}: ${reason}`));
    }
  }
  return { changes, problems };
}

async function apply(service: PlanService, plans: readonly { offer: PlanOffer }[]): Promise<PlanChange[]> {
  const changes: PlanChange[] = [];
  for (const { offer } of plans) changes.push((await service.put(ACTOR, offer)).change);
  return changes;
}

const SAID: Readonly<Record<PlanChange['kind'], (change: PlanChange) => string>> = {
  'new-plan': ({ key }) => `+ ${key}: a new plan`,
  'new-version': ({ key, version }) =>
    `~ ${key}: version ${version}, beside ${version - 1} and what is older`,
  labels: ({ key }) => `~ ${key}: other words`,
  nothing: ({ key }) => `= ${key}: as it is`,
};

function print(changes: readonly PlanChange[], closing: string | null): void {
  for (const change of changes) {
    console.log(SAID[change.kind](change));
    for (const { path, before, after } of change.differences) {
      console.log(`    ${path}: ${before ?? 'not there'} -> ${after ?? 'not there'}`);
    }
  }
  if (closing !== null) console.log(`${closing}: ${summary(changes)}.`);
}

function summary(changes: readonly PlanChange[]): string {
  const count = (kind: PlanChange['kind']): number => changes.filter((change) => change.kind === kind).length;
  return [
    counted(count('new-plan'), 'new plan'),
    counted(count('new-version'), 'new version'),
    `other words for ${counted(count('labels'), 'plan')}`,
    `${count('nothing')} as they are`,
  ].join(', ');
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
