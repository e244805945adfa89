import { Injectable } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { Clock } from './clock';

/** Twelve bits that count within one millisecond, so that the ids of one process never run backwards. */
const SEQUENCE_LIMIT = 0x1000;

/** The only source of randomness: new ids and secrets come from here, so that a test can replace them. */
@Injectable()
export class Ids {
  #lastMillisecond = 0;
  #sequence = 0;

  constructor(private readonly clock: Clock) {}

  /**
   * A UUIDv7 (RFC 9562): 48 bits of milliseconds, 12 bits of sequence, 62 random bits.
   * Ids of one process are strictly increasing as text, even when the machine's clock is set back.
   */
  uuidv7(): string {
    const bytes = randomBytes(16);
    bytes.writeUIntBE(this.#nextMillisecond(), 0, 6);
    bytes.writeUInt16BE(0x7000 | this.#sequence, 6);
    bytes[8] = (bytes[8]! & 0x3f) | 0x80;
    const hex = bytes.toString('hex');
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  }

  /** Bytes fit for a secret. */
  random(bytes: number): Buffer {
    return randomBytes(bytes);
  }

  #nextMillisecond(): number {
    const now = this.clock.now().getTime();
    if (now > this.#lastMillisecond) {
      this.#lastMillisecond = now;
      this.#sequence = 0;
    } else if (++this.#sequence === SEQUENCE_LIMIT) {
      this.#lastMillisecond += 1;
      this.#sequence = 0;
    }
    return this.#lastMillisecond;
  }
}
