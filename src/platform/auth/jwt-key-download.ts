import { z } from 'zod';
import { keyOfJwk, type JwtKey } from './jwt-key';

const TIMEOUT_MS = 5_000;
const MAX_BYTES = 262_144;

/** What of a set we cannot use is left out, key by key; a set without any key is taken for a mistake of its provider. */
const KeySet = z.object({ keys: z.array(z.unknown()).min(1).max(100) });

/** Reads the public keys at an address of our own configuration. Throws with words for a log; redirects are not followed. */
export async function downloadKeys(url: string): Promise<readonly JwtKey[]> {
  const response = await fetch(url, {
    headers: { accept: 'application/json' },
    redirect: 'error',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (response.status !== 200 || response.body === null) {
    await response.body?.cancel();
    throw new Error(`the key set was answered with ${response.status}`);
  }
  const set = KeySet.safeParse(JSON.parse(await limitedText(response.body)));
  if (!set.success) throw new Error('the answer is not a key set');
  return set.data.keys.flatMap((jwk) => keyOfJwk(jwk) ?? []);
}

async function limitedText(body: ReadableStream<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > MAX_BYTES) throw new Error(`the key set is longer than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
