import { importBill, IMPORT_HELP as IMPORT_FOCUS_HELP } from './import-focus.cli';
import { IMPORT_GITPOD_HELP, importFromGitpod } from './import-gitpod.cli';
import { IMPORT_INSTANCES_HELP, importWorkspaceInstances } from './import-instances.cli';
import { IMPORT_SCORPIUS_HELP, importFromScorpius } from './import-scorpius.cli';
import { IMPORT_WAYBILL_HELP, importFromWaybill } from './import-waybill.cli';

export const IMPORT_HELP = [
  IMPORT_FOCUS_HELP,
  IMPORT_WAYBILL_HELP,
  IMPORT_INSTANCES_HELP,
  IMPORT_GITPOD_HELP,
  IMPORT_SCORPIUS_HELP,
].join('\n\n');

/** Everything but a bill. */
const KINDS: Readonly<Record<string, (args: readonly string[]) => Promise<void>>> = {
  waybill: importFromWaybill,
  'workspace-instances': importWorkspaceInstances,
  gitpod: importFromGitpod,
  scorpius: importFromScorpius,
};

/** Takes something in: a bill, a whole Waybill or Scorpius, workspace instances, or the tables of Gitpod's usage component. */
export async function importSomething(args: readonly string[]): Promise<void> {
  const [what = '', ...rest] = args;
  const known = Object.hasOwn(KINDS, what) ? KINDS[what] : undefined;
  await (known ? known(rest) : importBill(args));
}
