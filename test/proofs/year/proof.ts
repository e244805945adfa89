import { Checks } from '../../../src/platform/checks';
import { Database } from '../../../src/platform/transaction';
import { RollupService } from '../../../src/usage/rollup.service';
import { commonDigestOf, type Digest, differences, digestOf } from './digest';
import { type Answers, GRACE_MS, YearDriver } from './driver';
import { findingsOf, type Looked } from './findings';
import { readScript } from './fold';
import type { Script } from './script';

/** What a year came to. */
export interface YearProof {
  readonly looked: Looked;
  readonly answers: Answers;
  readonly verdicts: Answers;
  /** Whatever is not as it must be, in words. */
  readonly problems: readonly string[];
  /** What changed when everything was sent, asked and run again. */
  readonly replayed: readonly string[];
  readonly digest: Digest;
}

export interface Telling {
  readonly log?: (line: string) => void;
}

/** Lives a year in so many processes at once, and looks at all of it. */
export async function proveYear(
  script: Script,
  processes: number,
  { log }: Telling = {},
): Promise<YearProof> {
  const driver = await YearDriver.start(script, processes);
  try {
    const every = Math.ceil(script.steps.length / 20);
    await driver.live((done, at) => {
      if (done % every === 0)
        log?.(`  ${new Date(at).toISOString().slice(0, 10)}, ${done} of ${script.steps.length} steps`);
    });
    log?.('  looking at the books');
    const looked: Looked = { accounts: 0, invoices: 0, lines: 0, segments: 0, charges: 0, unbilled: 0 };
    const problems = [...(await wrongBooks(driver)), ...(await driver.wrongExports())];
    for (const history of readScript(script)) {
      problems.push(...(await findingsOf(driver.client, history, { until: script.end - GRACE_MS, looked })));
    }
    const verdicts = { ...driver.verdicts };
    const answers = { ...driver.answers };
    await driver.get(driver.apps[0]!)(RollupService).catchUp();
    const digest = await commonDigestOf(driver.client);
    log?.('  doing all of it again');
    const replayed = await replay(driver, script);
    return { looked, answers, verdicts, problems, replayed, digest };
  } finally {
    await driver.close();
  }
}

async function wrongBooks(driver: YearDriver): Promise<string[]> {
  const problems: string[] = [];
  const get = driver.get(driver.apps[0]!);
  for await (const { name, examples } of get(Checks).run(get(Database))) {
    for (const row of examples) problems.push(`${name}: ${JSON.stringify(row)}`);
  }
  for (const [name, text] of Object.entries(BOOKS)) {
    const { rows } = await driver.client.query<Record<string, unknown>>(
      `select * from (${text}) broken limit 3`,
    );
    for (const row of rows) problems.push(`${name}: ${JSON.stringify(row)}`);
  }
  return problems;
}

const BOOKS: Readonly<Record<string, string>> = {
  'numbers have a gap or a double': `
    select n.place, n.sequence from (
      select sequence, row_number() over (order by sequence) as place from invoice where status <> 'draft') n
    where n.sequence is distinct from n.place`,
  'a later number was final earlier': `
    select sequence, finalised_at from (
      select sequence, finalised_at, max(finalised_at) over (order by sequence) as latest from invoice
      where status <> 'draft') n
    where finalised_at < latest`,
  'an invoice could not be made final': `select id, problem from invoice where problem is not null`,
  'a draft is overdue': `
    select i.id, i.finalise_at from invoice i, test_clock c where i.status = 'draft' and i.finalise_at <= c.now_at`,
  'what grants gave an invoice is not what was drawn for it': `
    select i.id, i.status, i.granted, g.drawn from invoice i
    left join (
      select t.account_id, split_part(split_part(t.source, ':', 2), '/', 1) as invoice, sum(u.amount) * 100 as drawn
      from transfer t join grant_use u on u.account_id = t.account_id and u.transfer_id = t.id
      where t.source like 'invoice:%' group by 1, 2) g on g.account_id = i.account_id and g.invoice = i.id::text
    where i.status <> 'draft'
      and coalesce(g.drawn, 0) <> case when i.status = 'void' then 0 else i.granted end`,
  'what an invoice carried over is no grant': `
    select i.id, i.carried from invoice i
    where i.carried > 0 and i.status <> 'draft' and not exists (
      select from credit_grant g where g.account_id = i.account_id and g.kind = 'carried' and g.amount * 100 = i.carried)`,
};

/** Sends, asks and runs everything again, and names the tables that it changed. */
async function replay(driver: YearDriver, script: Script): Promise<string[]> {
  const before = await digestOf(driver.client);
  for (const step of script.steps) await driver.send(step);
  await driver.actAgain();
  await driver.runAgain();
  await driver.get(driver.apps[0]!)(RollupService).catchUp();
  return differences(before, await digestOf(driver.client));
}
