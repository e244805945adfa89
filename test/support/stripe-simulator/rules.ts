/** The numbers of Stripe's documentation that the simulator keeps to; they can change there, so they stand in one place. */
export const MINUTE = 60;
export const HOUR = 3600;
export const DAY = 86_400;

export const RULES = {
  /** An idempotency key may be forgotten after a day, of a v2 request after thirty. */
  idempotencyV1: DAY,
  idempotencyV2: 30 * DAY,
  idempotencyKeyLength: 255,
  /** Events can be listed for thirty days. */
  eventRetention: 30 * DAY,
  /** An automatic invoice stays a draft for an hour. */
  draftTime: HOUR,
  /** A first invoice that is not paid within 23 hours lets its subscription expire. */
  incompleteExpiry: 23 * HOUR,
  /** A failed automatic payment is tried again after so many days each, then given up. */
  paymentRetryDays: [3, 5, 7],
  meterPast: 35 * DAY,
  meterFuture: 5 * MINUTE,
  meterIdentifierUnique: DAY,
  meterCancelWindow: DAY,
  meterTextLength: 100,
  /** A sandbox tries an undelivered webhook three times more, over a few hours. */
  webhookRetryAfter: [MINUTE, HOUR, 3 * HOUR],
  webhookTimeoutMs: 10_000,
  sandboxPerSecond: 25,
  livePerSecond: 100,
  endpointPerSecond: 25,
  listDefault: 10,
  listMost: 100,
  expandDepth: 4,
  /** An embedded list of lines or items shows its first page only. */
  embeddedPage: 10,
  testClockCustomers: 3,
  disputeEvidenceDays: 9,
} as const;
