import { createHmac } from 'node:crypto';

const PREFIX = 'whsec_';

/** A secret of Standard Webhooks as text, out of its bytes. */
export function webhookSecret(bytes: Buffer): string {
  return PREFIX + bytes.toString('base64');
}

/**
 * The header `webhook-signature` (Standard Webhooks): for each secret `v1,` and the base64 HMAC-SHA256 of
 * `id.timestamp.body`, by blanks, so that a reader may know either secret while one replaces the other.
 */
export function webhookSignature(
  secrets: readonly string[],
  { id, timestamp, body }: { id: string; timestamp: number; body: string },
): string {
  const signed = `${id}.${timestamp}.${body}`;
  return secrets
    .map((secret) => createHmac('sha256', Buffer.from(secret.slice(PREFIX.length), 'base64')))
    .map((hmac) => `v1,${hmac.update(signed, 'utf8').digest('base64')}`)
    .join(' ');
}
