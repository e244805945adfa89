import { randomBytes } from 'node:crypto';

/** The event every workload sends; the wrk script of this bench makes the same one. */
export const ACCOUNTS = 10_000;
export const SOURCES = ['svc-scan', 'svc-workspace', 'svc-build', 'svc-api'];
export const METERS = [
  'bench_scans',
  'bench_checks',
  'bench_requests',
  'bench_compute',
  'bench_builds',
  'bench_storage',
  'bench_egress',
  'bench_credits',
];

/** The account of a number: `org:org-000000` to `org:org-009999`. */
export const accountKey = (number) => `org:org-${String(number).padStart(6, '0')}`;

/** Numbers in [0, 1) that are the same in every run (a 32-bit mixing function over a counter). */
export function dice(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
}

/** A fresh id: `v7` begins with the time, `v4` is random throughout. */
export function freshId(kind, at = Date.now()) {
  const bytes = randomBytes(16);
  if (kind === 'v7') bytes.writeUIntBE(at, 0, 6);
  bytes[6] = (kind === 'v7' ? 0x70 : 0x40) | (bytes[6] & 15);
  bytes[8] = 0x80 | (bytes[8] & 0x3f);
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** Ten million events are thirty days. */
export const EVENT_STEP_MS = 259.2;
/** How late an event may be reported. */
export const LATE_MS = 60_000;

/** Where time advances: the current month up to now, which is open for every account; milliseconds since 1970. */
export function timeline(now = new Date()) {
  const from = Date.UTC(now.getUTCFullYear(), now.getUTCMonth()) + LATE_MS;
  return { from, spanMs: Math.max(1_000, now.getTime() - from) };
}

/** The moments of one event after the other from a random one on, each up to a minute late; begins again at the end. */
function momentMaker(roll) {
  const { from, spanMs } = timeline();
  let passed = Math.random() * spanMs;
  return () => {
    passed = (passed + EVENT_STEP_MS) % spanMs;
    return new Date(from + Math.floor(passed - roll() * LATE_MS)).toISOString();
  };
}

/** First instant of the current month and of the next one. */
export function thisMonth(now = new Date()) {
  const [year, month] = [now.getUTCFullYear(), now.getUTCMonth()];
  return {
    from: new Date(Date.UTC(year, month, 1)).toISOString(),
    to: new Date(Date.UTC(year, month + 1, 1)).toISOString(),
  };
}

/**
 * Makes events one after the other. Accounts are skewed, floor(10,000 u²): the first has 1 % of the events, the
 * median one 0.01 %; `account()` may choose otherwise.
 */
export function eventMaker({ seed = 1, ids = 'v7', account } = {}) {
  const roll = dice(seed);
  const moment = momentMaker(roll);
  const pick = (list) => list[Math.floor(roll() * list.length)];
  const skewed = () => Math.floor(ACCOUNTS * roll() ** 2);
  return () => ({
    id: freshId(ids),
    source: pick(SOURCES),
    type: pick(METERS),
    account: accountKey(account ? account() : skewed()),
    quantity: `${Math.floor(roll() * 100)}.${100 + Math.floor(roll() * 900)}`,
    occurred_at: moment(),
    properties: {
      region: 'eu-west-1',
      host: `node-${Math.floor(roll() * 100)}`,
      trace: 'a1b2c3d4e5f6',
      zone: 'b',
      v: 3,
    },
  });
}

/** The schema a bare server checks the event with. */
export const EVENT_SCHEMA = {
  type: 'object',
  required: ['id', 'type', 'account', 'quantity', 'occurred_at'],
  additionalProperties: false,
  properties: {
    id: { type: 'string', minLength: 1, maxLength: 255 },
    source: { type: 'string', maxLength: 255 },
    type: { type: 'string', enum: METERS },
    account: { type: 'string', minLength: 1, maxLength: 233 },
    quantity: { type: 'string', pattern: '^-?\\d{1,23}(\\.\\d{1,15})?$' },
    occurred_at: { type: 'string', format: 'date-time' },
    properties: { type: 'object' },
  },
};

export const ACCEPTED_SCHEMA = { type: 'object', properties: { accepted: { type: 'integer' } } };
