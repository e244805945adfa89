import { HttpClient } from './http-client.mjs';

const BATCH = 1000;
const CONNECTIONS = 4;

/** Sends events of our own making in batches of 1,000 over 4 connections; every single one must be recorded. */
export async function sendAll({ base, key, count, next }) {
  const client = new HttpClient({ base, key, connections: CONNECTIONS });
  let left = count;
  const sendUntilNoneIsLeft = async () => {
    while (left > 0) {
      const events = Array.from({ length: Math.min(BATCH, left) }, next);
      left -= events.length;
      const { verdicts } = await client.send('POST', '/api/v1/events', { events });
      const bad = verdicts.find(({ status }) => status !== 'recorded');
      if (bad) throw new Error(`an event was not recorded: ${JSON.stringify(bad)}`);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, sendUntilNoneIsLeft));
  client.close();
}
