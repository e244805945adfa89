import { RefusedToken } from './refused-token';

/** A signed token taken apart; nothing of it is proved yet. */
export interface JwtText {
  /** What the token says it was signed by. Compared with the key's own algorithm, never used to choose one. */
  readonly alg: string;
  readonly kid: string | null;
  readonly claims: Readonly<Record<string, unknown>>;
  /** The bytes the signature is over. */
  readonly signed: Buffer;
  readonly signature: Buffer;
}

/** A hundred accounts by uuid fit; headers as a whole may be twice as long. */
const MAX_LENGTH = 8_192;
const SHAPE = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;
const MAX_KID_LENGTH = 200;

/** Whether a credential has the shape of a token, which no API key has. */
export function mayBeJwt(credential: string): boolean {
  return credential.length <= MAX_LENGTH && SHAPE.test(credential);
}

/** Takes apart a text of which `mayBeJwt` is true. Throws `RefusedToken`. */
export function readJwt(text: string): JwtText {
  const [head, body, signature] = text.split('.') as [string, string, string];
  const header = jsonObject(head, 'header');
  const { alg, kid = null, typ = 'JWT' } = header;
  if (typeof alg !== 'string') throw new RefusedToken('its header names no algorithm');
  if (kid !== null && (typeof kid !== 'string' || kid.length > MAX_KID_LENGTH))
    throw new RefusedToken('its kid is not a short text');
  // An extension that its maker calls critical is one we do not know.
  if ('crit' in header) throw new RefusedToken('it has critical extensions');
  if (typeof typ !== 'string' || !/^(?:application\/)?(?:at\+)?jwt$/i.test(typ))
    throw new RefusedToken('it is of another type');
  return {
    ...{ alg, kid, claims: jsonObject(body, 'body') },
    signed: Buffer.from(`${head}.${body}`, 'ascii'),
    signature: Buffer.from(signature, 'base64url'),
  };
}

function jsonObject(part: string, name: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(part, 'base64url')));
  } catch {
    throw new RefusedToken(`its ${name} is not JSON`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new RefusedToken(`its ${name} is not an object`);
  return value as Record<string, unknown>;
}
