import { Inject, Injectable } from '@nestjs/common';
import { createCipheriv, createDecipheriv, createHash, hkdfSync } from 'node:crypto';
import { CONFIG, type Config } from './config';
import { Ids } from './ids';

/** Text as it is stored: `1`, the key's id (4 bytes), the nonce (12), the tag (16), the ciphertext. */
const VERSION = 1;
const KEY_ID_BYTES = 4;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEAD_BYTES = 1 + KEY_ID_BYTES + NONCE_BYTES + TAG_BYTES;
const CIPHER = 'aes-256-gcm';

interface BoxKey {
  readonly id: Buffer;
  readonly key: Buffer;
}

/** Encrypts what must be stored and read again, each value bound to the place it belongs to. */
@Injectable()
export class SecretBox {
  readonly #keys: readonly BoxKey[];

  constructor(
    private readonly ids: Ids,
    @Inject(CONFIG) config: Pick<Config, 'apiKeyPepper' | 'encryptionKey' | 'encryptionKeyBefore'>,
  ) {
    const { encryptionKey, encryptionKeyBefore, apiKeyPepper } = config;
    // The pepper stays last: what was encrypted before there was a key of its own can still be read.
    const secrets = [encryptionKey, encryptionKeyBefore, apiKeyPepper];
    this.#keys = secrets.filter((secret) => secret !== null).map(boxKeyOf);
  }

  /** `place` names the row and column, such as `webhook_endpoint/<id>/secret`: elsewhere the value cannot be opened. */
  seal(text: string, place: string): Buffer {
    const { id, key } = this.#keys[0]!;
    const nonce = this.ids.random(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, key, nonce).setAAD(Buffer.from(place));
    const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return Buffer.concat([Buffer.of(VERSION), id, nonce, cipher.getAuthTag(), sealed]);
  }

  /** Throws when the value was changed, belongs to another place, or was sealed with a key that is not configured. */
  open(stored: Buffer, place: string): string {
    const id = stored.subarray(1, 1 + KEY_ID_BYTES);
    const found = this.#keys.find((one) => one.id.equals(id));
    if (stored.length < HEAD_BYTES || stored[0] !== VERSION || !found) {
      throw new Error(`${place} was encrypted with a key that is not configured: see ENCRYPTION_KEY`);
    }
    const nonce = stored.subarray(1 + KEY_ID_BYTES, 1 + KEY_ID_BYTES + NONCE_BYTES);
    const tag = stored.subarray(HEAD_BYTES - TAG_BYTES, HEAD_BYTES);
    const decipher = createDecipheriv(CIPHER, found.key, nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(Buffer.from(place)).setAuthTag(tag);
    return Buffer.concat([decipher.update(stored.subarray(HEAD_BYTES)), decipher.final()]).toString('utf8');
  }
}

/** The key is derived for this one purpose, so that a secret which also serves another one gives nothing away. */
function boxKeyOf(secret: string): BoxKey {
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'tallyhouse stored secrets', 32));
  return { key, id: createHash('sha256').update(key).digest().subarray(0, KEY_ID_BYTES) };
}
