import { createHmac, timingSafeEqual } from 'node:crypto';

/** Thirty-two letters and digits that nobody confuses, so that five random bits are exactly one character. */
const ALPHABET = 'abcdefghijkmnpqrstuvwxyz23456789';
const PREFIX_LENGTH = 10;
/** 32 characters of five bits: 160 random bits, which nobody guesses and which need no slow hash. */
const SECRET_LENGTH = 32;
const KEY_TEXT = new RegExp(`^th_([${ALPHABET}]{${PREFIX_LENGTH}})_[${ALPHABET}]{${SECRET_LENGTH}}$`);

/** A new key as the caller gets it once: `th_<prefix>_<secret>`. `random` yields that many random bytes. */
export function newKeyText(random: (bytes: number) => Buffer): string {
  const letters = Array.from(random(PREFIX_LENGTH + SECRET_LENGTH), (byte) => ALPHABET[byte & 31]!).join('');
  return `th_${letters.slice(0, PREFIX_LENGTH)}_${letters.slice(PREFIX_LENGTH)}`;
}

/** The look-up prefix of a well-formed key, or null: most wrong credentials never reach the database. */
export function prefixOf(keyText: string): string | null {
  return KEY_TEXT.exec(keyText)?.[1] ?? null;
}

/** What is stored instead of the key: without the pepper, which is not in the database, it proves nothing. */
export function digestKey(keyText: string, pepper: string): Buffer {
  return createHmac('sha256', pepper).update(keyText).digest();
}

/** Compares two texts in a time that depends on neither: both are hashed first, so their lengths do not show. */
export function sameSecret(presented: string, expected: string): boolean {
  const blind = (text: string): Buffer => createHmac('sha256', 'tallyhouse').update(text).digest();
  return timingSafeEqual(blind(presented), blind(expected));
}
