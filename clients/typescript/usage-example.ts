/**
 * Tells what a team may spend, owes and has used since the first of the month, through Gitpod's usage API.
 *
 *   TALLYHOUSE_ADDRESS=127.0.0.1:9001 TALLYHOUSE_KEY=… node dist/usage-example.js team:12345678-1234-1234-1234-123456789abc
 */
import { createChannel, createClientFactory, Metadata } from 'nice-grpc';
import {
  ListUsageRequest_Ordering,
  UsageServiceDefinition,
  type CostCenter,
  type Usage,
  type UsageServiceClient,
} from './generated/usage/v1/usage';

const PER_PAGE = 1_000;

/** A client that shows its key on every call; without a key, for a server with `GRPC_AUTH=network`, it sends no metadata. */
export function connect(address: string, key?: string): { usage: UsageServiceClient; close(): void } {
  const channel = createChannel(address);
  const options = key ? { '*': { metadata: Metadata({ 'x-api-key': key }) } } : {};
  const usage: UsageServiceClient = createClientFactory().create(UsageServiceDefinition, channel, options);
  return { usage, close: () => channel.close() };
}

/** What a team may spend, and what it used. */
export interface TeamReport {
  readonly costCenter: CostCenter;
  /** Credits it owes; negative when it is ahead. */
  readonly balance: number;
  /** Credits of all entries. */
  readonly creditsUsed: number;
  readonly entries: readonly Usage[];
}

/** Reads all of it; `from` is included, `to` is not. */
export async function teamReport(
  usage: UsageServiceClient,
  attributionId: string,
  { from, to }: { from: Date; to: Date },
): Promise<TeamReport> {
  const { costCenter } = await usage.getCostCenter({ attributionId });
  if (!costCenter) throw new Error(`there is no cost center of ${attributionId}`);
  const { credits } = await usage.getBalance({ attributionId });
  const entries: Usage[] = [];
  for (let page = 1; ; page++) {
    const order = ListUsageRequest_Ordering.ORDERING_ASCENDING;
    const pagination = { perPage: String(PER_PAGE), page: String(page) };
    const answer = await usage.listUsage({ attributionId, from, to, order, pagination });
    entries.push(...answer.usageEntries);
    // int64 is text here: a JavaScript number would lose digits.
    if (BigInt(answer.pagination?.totalPages ?? '0') <= BigInt(page)) {
      return { costCenter, balance: credits, creditsUsed: answer.creditsUsed, entries };
    }
  }
}

async function main(attributionId: string): Promise<void> {
  const { usage, close } = connect(
    process.env.TALLYHOUSE_ADDRESS ?? '127.0.0.1:9001',
    process.env.TALLYHOUSE_KEY,
  );
  const now = new Date();
  const from = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 1));
  try {
    const { costCenter, balance, creditsUsed, entries } = await teamReport(usage, attributionId, { from, to: now });
    console.log(`limit ${costCenter.spendingLimit}, balance ${balance}, paid by ${costCenter.billingStrategy}`);
    console.log(`used ${creditsUsed} in ${entries.length} entries`);
    for (const { effectiveTime, credits, description } of entries)
      console.log(effectiveTime?.toISOString(), credits, description);
  } finally {
    close();
  }
}

if (require.main === module) {
  main(process.argv[2] ?? 'team:12345678-1234-1234-1234-123456789abc').catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  });
}
