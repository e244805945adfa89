import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { withClosedApp } from '../app-console';
import { AuditVerification, type ChainHead } from '../platform/audit/audit-verification.service';
import { loadConfig } from '../platform/config';
import { environment } from './environment';
import { UsageError } from './usage-error';

export const AUDIT_HELP = `tallyhouse audit verify | heads

  verify   walks every audit chain and names the first broken row of each; the exit code is 1 when there is one
  heads    prints where each chain ends, a line of JSON each, to be kept where this database cannot be changed from

  --account <key>   verify: only the chain of this account; \`installation\` for keys and the catalogue
  --heads <file>    verify: what \`audit heads\` printed earlier; each end must still be where it was

A chain alone cannot show that its last rows were removed together with its end: that is what --heads is for.`;

const OPTIONS = { account: { type: 'string' }, heads: { type: 'string' } } as const;

/** Verifies or exports audit chains; throws when one is broken. */
export async function audit(args: readonly string[]): Promise<void> {
  const { values, positionals } = parse(args);
  const [verb, ...rest] = positionals;
  if (rest.length > 0) throw new UsageError(`audit does not know ${rest[0]}`, AUDIT_HELP);
  if (verb === 'heads') return withClosedApp(settings(), (app) => printHeads(app.get(AuditVerification)));
  if (verb !== 'verify')
    throw new UsageError(verb ? `audit does not know ${verb}` : 'audit what?', AUDIT_HELP);
  const known = values.heads === undefined ? [] : readHeads(values.heads);
  await withClosedApp(settings(), (app) =>
    verify(app.get(AuditVerification), { account: values.account ?? null, known }),
  );
}

const settings = () => loadConfig(environment());

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), AUDIT_HELP);
  }
}

async function verify(
  verification: AuditVerification,
  { account, known }: { account: string | null; known: readonly ChainHead[] },
): Promise<void> {
  let [chains, broken, total] = [0, 0, 0n];
  for await (const verdict of verification.verify(account, known)) {
    chains += 1;
    total += verdict.rows;
    if (verdict.broken === null) continue;
    broken += 1;
    console.error(`${verdict.account}: broken at row ${verdict.broken.sequence}: ${verdict.broken.why}`);
  }
  if (broken > 0) throw new Error(`${broken} of ${chains} chains are broken.`);
  console.log(`${chains} chains with ${total} rows are whole.`);
}

async function printHeads(verification: AuditVerification): Promise<void> {
  for await (const { account, sequence, hash } of verification.heads()) {
    console.log(JSON.stringify({ account, sequence: String(sequence), hash }));
  }
}

function readHeads(path: string): ChainHead[] {
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line, index) => headOf(line, index + 1));
}

function headOf(line: string, number: number): ChainHead {
  try {
    const { account, sequence, hash } = JSON.parse(line) as Record<string, string>;
    return { account: account!, sequence: BigInt(sequence!), hash: hash! };
  } catch {
    throw new UsageError(`--heads: line ${number} is not what audit heads prints`, AUDIT_HELP);
  }
}
