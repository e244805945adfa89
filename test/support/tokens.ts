import { createHmac, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export const TOKEN_SECRET = 'Hx2-secret-that-signs-tokens-of-a-test-run';

/** In an hour, in the seconds a token counts. */
export const inAnHour = (): number => Math.floor(Date.now() / 1_000) + 3_600;

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A token of the header and claims, signed by whatever `sign` does with its first two parts. */
export function token(header: object, claims: object, signature: (signed: string) => Buffer): string {
  const signed = `${part(header)}.${part(claims)}`;
  return `${signed}.${signature(signed).toString('base64url')}`;
}

/** An HS256 token for an hour, unless the claims say something else. */
export function hs256(claims: object, secret = TOKEN_SECRET, header: object = {}): string {
  const signature = (signed: string): Buffer => createHmac('sha256', secret).update(signed).digest();
  return token({ alg: 'HS256', typ: 'JWT', ...header }, { exp: inAnHour(), ...claims }, signature);
}

/** A pair of keys of a provider, with its public part as a key set has it. */
export interface ProviderKey {
  readonly jwk: Record<string, unknown>;
  readonly publicKey: KeyObject;
  sign(claims: object, header?: object): string;
}

export function rsaKey(kid: string, modulusLength = 2_048): ProviderKey {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength });
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid, alg: 'RS256', use: 'sig' };
  const signature = (signed: string): Buffer => sign('sha256', Buffer.from(signed), privateKey);
  return providerKey({ jwk, publicKey }, { alg: 'RS256', kid }, signature);
}

export function ecKey(kid: string, namedCurve = 'P-256'): ProviderKey {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve });
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid };
  const signature = (signed: string): Buffer =>
    sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' });
  return providerKey({ jwk, publicKey }, { alg: 'ES256', kid }, signature);
}

function providerKey(
  known: Pick<ProviderKey, 'jwk' | 'publicKey'>,
  header: object,
  signature: (signed: string) => Buffer,
): ProviderKey {
  const make = (claims: object, more: object = {}): string =>
    token({ ...header, ...more }, { exp: inAnHour(), ...claims }, signature);
  return { ...known, sign: make };
}

/** Serves a key set on loopback; `keys` may be exchanged at any time, `asked` counts. */
export interface TestKeySet {
  readonly url: string;
  keys: object[];
  asked: number;
  status: number;
  /** Instead of the keys. */
  body: string | null;
  close(): Promise<void>;
}

export async function serveKeySet(...keys: ProviderKey[]): Promise<TestKeySet> {
  const server = createServer((_request, response) => {
    set.asked += 1;
    response.writeHead(set.status, { 'content-type': 'application/json', location: '/elsewhere' });
    response.end(set.body ?? JSON.stringify({ keys: set.keys }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const set: TestKeySet = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`,
    ...{ keys: keys.map(({ jwk }) => jwk), asked: 0, status: 200, body: null },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return set;
}
