import 'reflect-metadata';
import { catalogue, CATALOGUE_HELP } from './catalogue.cli';
import { audit, AUDIT_HELP } from './audit.cli';
import { EXPORT_HELP, exportCharges } from './export-focus.cli';
import { IMPORT_HELP, importSomething } from './import.cli';
import { invoice, INVOICE_HELP } from './invoice.cli';
import { job, JOB_HELP } from './job.cli';
import { migrate, MIGRATE_HELP } from './migrate';
import { openapi, OPENAPI_HELP } from './openapi';
import { retention, RETENTION_HELP } from './retention.cli';
import { run as runService, RUN_HELP } from './run.cli';
import { start, START_HELP } from './start';
import { UsageError } from './usage-error';
import { verify, VERIFY_HELP } from './verify';

interface Command {
  readonly summary: string;
  readonly help: string;
  readonly run: (args: readonly string[]) => Promise<void>;
}

/** Every subcommand; a new one is one line here and a file beside this one. */
const COMMANDS: Readonly<Record<string, Command>> = {
  start: { summary: 'runs the service', help: START_HELP, run: start },
  run: { summary: 'runs the service, told by a file of Gitpod', help: RUN_HELP, run: runService },
  import: {
    summary: 'takes in a bill, a Waybill, a Scorpius, Gitpod instances or tables',
    help: IMPORT_HELP,
    run: importSomething,
  },
  export: { summary: 'writes charges in the FOCUS format', help: EXPORT_HELP, run: exportCharges },
  catalogue: { summary: 'plans as files', help: CATALOGUE_HELP, run: catalogue },
  invoice: { summary: 'computes an exported invoice again', help: INVOICE_HELP, run: invoice },
  job: { summary: 'runs a job now', help: JOB_HELP, run: job },
  retention: { summary: 'tells what is too old to be kept', help: RETENTION_HELP, run: retention },
  audit: { summary: 'proves that the audit trail is whole', help: AUDIT_HELP, run: audit },
  migrate: { summary: 'changes or checks the schema', help: MIGRATE_HELP, run: migrate },
  verify: { summary: 'checks what must hold of the books', help: VERIFY_HELP, run: verify },
  openapi: { summary: 'prints the API document', help: OPENAPI_HELP, run: openapi },
};

function help(): string {
  const lines = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(11)}${summary}`);
  return ['tallyhouse <command>', '', ...lines, '', 'tallyhouse <command> --help tells more.'].join('\n');
}

async function run([name, ...args]: readonly string[]): Promise<void> {
  if (name === undefined || name === '--help' || name === 'help') return console.log(help());
  const command = COMMANDS[name];
  if (!command) throw new UsageError(`tallyhouse does not know ${name}`, help());
  if (args.includes('--help')) return console.log(command.help);
  await command.run(args);
}

run(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = error instanceof UsageError ? 2 : 1;
});
