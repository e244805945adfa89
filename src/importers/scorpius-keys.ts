import { DomainError } from '../core/errors';
import { readScorpiusTime } from './scorpius-time';

/** How keys of the original begin. */
export const ORGANISATION = 'org:';
export const LIMITS = 'org:limits:';
export const USAGE = 'usage:';
export const RECORDS = 'usage:records:';
export const OVERAGE = 'billing:';
/** How the key of a reset marker ends: before it stands the key of its counter. */
export const RESET = ':reset';

/** What a text under `usage:` is by itself. */
export type UsageText =
  | { readonly kind: 'count'; readonly count: bigint }
  | { readonly kind: 'marker' }
  | { readonly kind: 'record' }
  | { readonly kind: 'nothing'; readonly reason: string };

const COUNT = /^-?\d{1,18}$/;
const nothing = (reason: string): UsageText => ({ kind: 'nothing', reason });

/**
 * Tells counters, markers and copies of events apart by what they hold: by their keys a feature that ends in `:reset` looks
 * like a marker, and what an organisation called `records` used like a copy.
 */
export function usageText(key: string, text: string): UsageText {
  if (COUNT.test(text)) {
    const count = BigInt(text);
    return count < 0n ? nothing('its count is negative') : { kind: 'count', count };
  }
  if (text.startsWith('{') && key.startsWith(RECORDS)) return { kind: 'record' };
  if (!key.endsWith(RESET)) return nothing('holds no whole number');
  try {
    readScorpiusTime(text, 'reset marker');
    return { kind: 'marker' };
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    return nothing('holds no instant');
  }
}

/** Every way to read the key of a counter as an organisation and a feature: as many as it has colons after the first. */
export function splitsOf(key: string): { readonly organisation: string; readonly feature: string }[] {
  const name = key.slice(USAGE.length);
  const splits: { organisation: string; feature: string }[] = [];
  for (let at = name.indexOf(':'); at >= 0; at = name.indexOf(':', at + 1)) {
    splits.push({ organisation: name.slice(0, at), feature: name.slice(at + 1) });
  }
  return splits;
}
