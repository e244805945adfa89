/**
 * Records one event and prints what became of it. Run it twice: the second time the answer is a duplicate.
 *
 *   TALLYHOUSE_ADDRESS=127.0.0.1:9001 TALLYHOUSE_KEY=… node dist/example.js
 */
import { createChannel, createClientFactory, Metadata } from 'nice-grpc';
import { Event, MeteringServiceDefinition, type MeteringServiceClient } from './generated/metering/v1/metering';

/** A client that shows its key on every call. */
export function connect(address: string, key: string): { metering: MeteringServiceClient; close(): void } {
  const channel = createChannel(address);
  const metering: MeteringServiceClient = createClientFactory().create(MeteringServiceDefinition, channel, {
    '*': { metadata: Metadata({ 'x-api-key': key }) },
  });
  return { metering, close: () => channel.close() };
}

/** One API request, happening now; the id makes it count once, however often it is sent. */
export function apiRequest(id: string): Event {
  return Event.fromPartial({
    id,
    source: 'example',
    account: 'org:demo',
    type: 'api_requests',
    quantity: '1',
    properties: { region: 'eu' },
  });
}

async function main(): Promise<void> {
  const { metering, close } = connect(
    process.env.TALLYHOUSE_ADDRESS ?? '127.0.0.1:9001',
    process.env.TALLYHOUSE_KEY ?? '',
  );
  try {
    const { verdicts } = await metering.recordEvents({ events: [apiRequest('request-1')] });
    for (const verdict of verdicts) console.log(verdict.id, verdict.status, verdict.reason);
  } finally {
    close();
  }
}

if (require.main === module) {
  main().catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  });
}
