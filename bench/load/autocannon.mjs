// The load generator where wrk is not installed: the same requests by autocannon, in a process of its own.
import autocannon from 'autocannon';
import { ACCOUNTS, eventMaker } from '../harness/events.mjs';

const { url, path, key, connections, seconds, batch, ids, oneAccount, fixed, shape } = JSON.parse(
  process.argv[2],
);

const SHAPES = { event: (event) => event, consume: consumption, track: tracked };
let account = 0;
const next = eventMaker({
  seed: Number(process.hrtime.bigint() % 2n ** 32n),
  ids,
  account: oneAccount ? () => account : undefined,
});

function body() {
  if (batch === 1) return JSON.stringify(SHAPES[shape](next()));
  account = Math.floor(Math.random() * ACCOUNTS);
  return JSON.stringify({ events: Array.from({ length: batch }, next) });
}

/** The same use as a question: may it be counted? */
function consumption({ account: payer, type: meter, quantity, properties }) {
  return { account: payer, items: [{ meter, quantity, properties }] };
}

/** And as Scorpius tells it: whole units of a feature. */
function tracked({ account: payer, type: feature }) {
  return { org_id: payer.slice('org:'.length), feature, quantity: 7, metadata: { chain: 'main' } };
}

const same = fixed ? body() : null;
const result = await autocannon({
  url,
  connections,
  duration: seconds,
  requests: [
    {
      method: 'POST',
      path,
      headers: { 'content-type': 'application/json', 'x-api-key': key },
      ...(same ? { body: same } : { setupRequest: (request) => ({ ...request, body: body() }) }),
    },
  ],
});

const { latency } = result;
const summary = {
  requests: result['2xx'] + result.non2xx,
  seconds: result.duration,
  p50: latency.p50,
  p95: latency.p97_5,
  p99: latency.p99,
  errors: result.non2xx + result.errors + result.timeouts,
};
console.log(`RESULT ${JSON.stringify(summary)}`);
