import { hash } from 'node:crypto';

/**
 * The id of a derived thing, a function of what it is: whoever makes it a second time makes nothing. A UUIDv8 (RFC 9562)
 * with 122 bits of the SHA-256 of kind and natural key; parts stay apart, whatever characters are in them.
 */
export function keyedId(kind: string, ...parts: readonly (string | number)[]): string {
  const bytes = hash('sha256', JSON.stringify([kind, ...parts]), 'buffer');
  bytes[6] = (bytes[6]! & 0x0f) | 0x80;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = bytes.toString('hex', 0, 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
