import { importBill, IMPORT_HELP as IMPORT_FOCUS_HELP } from './import-focus.cli';
import { IMPORT_WAYBILL_HELP, importFromWaybill } from './import-waybill.cli';

export const IMPORT_HELP = `${IMPORT_FOCUS_HELP}\n\n${IMPORT_WAYBILL_HELP}`;

/** Takes something in: a bill, or a whole Waybill. */
export async function importSomething(args: readonly string[]): Promise<void> {
  const [what, ...rest] = args;
  await (what === 'waybill' ? importFromWaybill(rest) : importBill(args));
}
