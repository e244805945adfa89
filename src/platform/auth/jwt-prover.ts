import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../clock';
import { CONFIG, type Config } from '../config';
import { Logger } from '../logger';
import { endOf, principalOf } from './jwt-claims';
import { sharedSecretKey, type JwtAlgorithm, type JwtKey } from './jwt-key';
import { downloadKeys } from './jwt-key-download';
import { JwtKeySet } from './jwt-key-set';
import { readJwt, type JwtText } from './jwt-text';
import type { Proof } from './key-cache';
import { RefusedToken } from './refused-token';

type JwtConfig = Pick<Config, 'jwtSecret' | 'jwksUrl' | 'jwtIssuer' | 'jwtAudience'>;

/** Proves tokens, by a shared secret or by the public keys of whoever makes them. */
@Injectable()
export class JwtProver {
  readonly #secret: JwtKey | null;
  readonly #keySet: JwtKeySet | null;

  constructor(
    private readonly clock: Clock,
    private readonly logger: Logger,
    @Inject(CONFIG) private readonly config: JwtConfig,
  ) {
    const { jwtSecret, jwksUrl } = config;
    this.#secret = jwtSecret === null ? null : sharedSecretKey(jwtSecret);
    this.#keySet = jwksUrl === null ? null : this.#keySetAt(jwksUrl);
  }

  /**
   * Whom a text of the shape of a token speaks of, and until when; null for one that proves nothing, for whatever reason: the
   * reason goes to the log. Throws `unavailable` when the keys that may prove it cannot be had.
   */
  async prove(credential: string): Promise<Proof | null> {
    try {
      const token = readJwt(credential);
      const key = await this.#keyOf(token);
      if (key === null) throw new RefusedToken('no key of ours is of its algorithm and name');
      if (!key.proves(token.signed, token.signature)) throw new RefusedToken('its signature is wrong');
      const { jwtIssuer: issuer, jwtAudience: audience } = this.config;
      const expiresAt = endOf(token.claims, { nowMs: this.clock.now().getTime(), issuer, audience });
      return { principal: principalOf(token.claims), expiresAt };
    } catch (error) {
      if (!(error instanceof RefusedToken)) throw error;
      this.logger.debug({ reason: error.message }, 'a token was refused');
      return null;
    }
  }

  /** The algorithm belongs to the key: what a token says of it can only be right or wrong. */
  async #keyOf({ alg, kid }: JwtText): Promise<JwtKey | null> {
    if (alg === this.#secret?.alg) return this.#secret;
    if (this.#keySet === null || !isOfKeySet(alg)) return null;
    return this.#keySet.find(alg, kid);
  }

  #keySetAt(url: string): JwtKeySet {
    return new JwtKeySet(
      () => downloadKeys(url),
      (error) => this.logger.warn({ err: error }, 'the keys of tokens (JWKS_URL) could not be read'),
    );
  }
}

function isOfKeySet(alg: string): alg is Exclude<JwtAlgorithm, 'HS256'> {
  return alg === 'RS256' || alg === 'ES256';
}
