import { createHmac, createPublicKey, timingSafeEqual, verify, type KeyObject } from 'node:crypto';
import { z } from 'zod';

export type JwtAlgorithm = 'HS256' | 'RS256' | 'ES256';

/** A key that proves tokens by its own algorithm and by no other, whatever a token says. */
export interface JwtKey {
  readonly alg: JwtAlgorithm;
  readonly kid: string | null;
  proves(signed: Buffer, signature: Buffer): boolean;
}

const MIN_RSA_BITS = 2_048;
/** r and s of P-256, one after the other. */
const ES256_BYTES = 64;

/** What of a JWK is looked at; a private part, if some provider leaks one, is dropped here. */
const Jwk = z.object({
  kid: z.string().min(1).max(200).optional(),
  use: z.string().optional(),
  key_ops: z.array(z.string()).optional(),
  alg: z.string().optional(),
});
const RsaJwk = Jwk.extend({ kty: z.literal('RSA'), n: z.string(), e: z.string() });
const EcJwk = Jwk.extend({ kty: z.literal('EC'), crv: z.literal('P-256'), x: z.string(), y: z.string() });

/** The shared secret of HS256. */
export function sharedSecretKey(secret: string): JwtKey {
  return {
    alg: 'HS256',
    kid: null,
    proves: (signed, signature) => {
      const expected = createHmac('sha256', secret).update(signed).digest();
      return signature.length === expected.length && timingSafeEqual(signature, expected);
    },
  };
}

/**
 * A public key out of a key set, or null for one that is not for our signatures: of another kind, curve or algorithm, for
 * encryption, or RSA shorter than 2048 bits.
 */
export function keyOfJwk(jwk: unknown): JwtKey | null {
  const rsa = RsaJwk.safeParse(jwk);
  if (rsa.success && isFor(rsa.data, 'RS256')) {
    const { kty, n, e, kid } = rsa.data;
    return rsaKey(publicKey({ kty, n, e }), kid ?? null);
  }
  const ec = EcJwk.safeParse(jwk);
  if (!ec.success || !isFor(ec.data, 'ES256')) return null;
  const { kty, crv, x, y, kid } = ec.data;
  return ecKey(publicKey({ kty, crv, x, y }), kid ?? null);
}

function isFor({ alg = '', use = 'sig', key_ops }: z.infer<typeof Jwk>, algorithm: JwtAlgorithm): boolean {
  return (alg === '' || alg === algorithm) && use === 'sig' && (key_ops?.includes('verify') ?? true);
}

function publicKey(jwk: Record<string, string>): KeyObject | null {
  try {
    return createPublicKey({ key: jwk, format: 'jwk' });
  } catch {
    return null;
  }
}

function rsaKey(key: KeyObject | null, kid: string | null): JwtKey | null {
  if (key === null || (key.asymmetricKeyDetails?.modulusLength ?? 0) < MIN_RSA_BITS) return null;
  const proves = (signed: Buffer, signature: Buffer): boolean => verify('sha256', signed, key, signature);
  return { alg: 'RS256', kid, proves };
}

function ecKey(key: KeyObject | null, kid: string | null): JwtKey | null {
  if (key === null) return null;
  const proves = (signed: Buffer, signature: Buffer): boolean =>
    signature.length === ES256_BYTES &&
    verify('sha256', signed, { key, dsaEncoding: 'ieee-p1363' }, signature);
  return { alg: 'ES256', kid, proves };
}
