import { InvoiceRun } from '../../src/billing/invoice-run.service';
import { startClosedApp } from './closed-app';

/** Does all that is due in DATABASE_URL at CLOSING, as a process that can be killed meanwhile. */
async function main(): Promise<void> {
  const now = process.env.CLOSING!;
  const app = await startClosedApp(process.env.DATABASE_URL!, now);
  console.log('it begins');
  await app.get(InvoiceRun, { strict: false }).runDue({ now: new Date(now), testClock: null });
  console.log('it is done');
  await app.close();
}

void main();
