import { createHmac } from 'node:crypto';

/**
 * The value of `X-Madfam-Signature`: the time (seconds since 1970) and the HMAC-SHA256 of `<time>.<body>` in hex, by which a
 * receiver knows that the alert is ours and how old it is.
 */
export function budgetAlertSignature(secret: string, { at, body }: { at: number; body: string }): string {
  const digest = createHmac('sha256', secret).update(`${at}.${body}`, 'utf8').digest('hex');
  return `t=${at},v1=${digest}`;
}
