import { readFileSync } from 'node:fs';
import { proveInvoice } from '../core/invoice-proof';
import { UsageError } from './usage-error';

export const INVOICE_HELP = `tallyhouse invoice verify <file>

Computes an exported invoice again (GET /api/v1/invoices/{id}/export) from its usage and the wording of its plan, with nothing
but the file: no database, no service, no network. Prints what does not agree; the exit code is 1 when anything does not.
A file of - is standard input.`;

/** Verifies an exported invoice; throws when it does not agree with what it was computed from. */
export function invoice(args: readonly string[]): Promise<void> {
  return Promise.resolve().then(() => verify(args));
}

function verify(args: readonly string[]): void {
  const [verb, file, ...rest] = args;
  if (verb !== 'verify' || file === undefined || rest.length > 0) {
    throw new UsageError('invoice takes verify and a file', INVOICE_HELP);
  }
  const { problems, unverified, lines } = proveInvoice(readJson(file));
  for (const problem of problems) console.log(`FAILED  ${problem}`);
  for (const meter of unverified)
    console.log(`left    ${meter}: its price looks at more events than the file holds`);
  if (problems.length > 0) throw new Error('the invoice does not agree with what it was computed from');
  console.log(`ok      ${lines} lines, discounts, taxes and total follow from what was rated`);
}

function readJson(file: string): unknown {
  const text = readFileSync(file === '-' ? 0 : file, 'utf8');
  try {
    return JSON.parse(text);
  } catch {
    throw new UsageError(`${file} holds no JSON`, INVOICE_HELP);
  }
}
