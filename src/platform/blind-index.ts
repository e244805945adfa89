import { Inject, Injectable } from '@nestjs/common';
import { createHmac, hkdfSync } from 'node:crypto';
import { CONFIG, type Config } from './config';

/** Hashes by which personal texts can be compared and found without being kept; without the installation's pepper they tell nothing. */
@Injectable()
export class BlindIndex {
  readonly #key: Buffer;

  constructor(@Inject(CONFIG) { apiKeyPepper }: Pick<Config, 'apiKeyPepper'>) {
    this.#key = Buffer.from(hkdfSync('sha256', apiKeyPepper, '', 'tallyhouse blind index', 32));
  }

  /** The same for every spelling of one e-mail address: outer blanks and case are not told apart. 32 bytes. */
  ofEmail(address: string): Buffer {
    return createHmac('sha256', this.#key).update(`email ${address.trim().toLowerCase()}`).digest();
  }

  /** Of the id of a customer of Stripe, as it is. 32 bytes. */
  ofStripeCustomer(id: string): Buffer {
    return createHmac('sha256', this.#key).update(`stripe-customer ${id}`).digest();
  }
}
