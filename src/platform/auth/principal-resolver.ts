import { Inject, Injectable } from '@nestjs/common';
import { DomainError } from '../../core/errors';
import { apartFromCall } from '../call-life';
import { Clock } from '../clock';
import { CONFIG, type Config } from '../config';
import { Logger } from '../logger';
import { RateLimiter } from '../rate-limits/rate-limiter';
import { ApiKeyService } from './api-key.service';
import { CREDENTIAL_NEEDED } from './credentials';
import type { DoorRule } from './door-rule';
import { FailedAttempts } from './failed-attempts';
import { JwtProver } from './jwt-prover';
import { mayBeJwt } from './jwt-text';
import { KeyCache, type Proof } from './key-cache';
import { sameSecret } from './key-text';
import { ADMIN, INTERNAL, METRICS, NETWORK, requireScope, type Principal } from './principal';

/** A credential as it came in, and where from; the address is only asked for when the credential is not known yet. */
export interface Presented {
  readonly credential: string | null;
  readonly source: () => string;
}

/** Injection token of what is known of tokens: apart, so that many of them do not push API keys out. */
export const TOKEN_CACHE = Symbol('token-cache');

/** The only place that turns a credential into a principal, for REST, gRPC and raw routes alike. */
@Injectable()
export class PrincipalResolver {
  readonly #asking = new Map<string, Promise<Principal | null>>();

  constructor(
    private readonly keys: ApiKeyService,
    private readonly jwts: JwtProver,
    private readonly cache: KeyCache,
    @Inject(TOKEN_CACHE) private readonly tokens: KeyCache,
    private readonly failures: FailedAttempts,
    private readonly rates: RateLimiter,
    private readonly clock: Clock,
    private readonly logger: Logger,
    @Inject(CONFIG) private readonly config: Pick<Config, 'adminApiKey' | 'internalApiKey' | 'metricsToken'>,
  ) {}

  /**
   * The principal, if the rule lets him in: at once for a key seen in the last seconds, else as a promise. Throws
   * `unauthenticated` without a right credential, `forbidden` without the scope, `rate-limited` after too many wrong
   * ones from the same source or too many requests, `unavailable` when a new key cannot be looked up.
   */
  admit(presented: Presented, rule: DoorRule): Principal | Promise<Principal> {
    const { credential } = presented;
    if (credential === null) throw new DomainError('unauthenticated', CREDENTIAL_NEEDED);
    const known = this.cache.find(credential) ?? this.tokens.find(credential);
    if (known === null) {
      return this.#prove(credential, presented.source()).then((who) => this.#permit(who, presented, rule));
    }
    if (known.askAgain) this.#askInBackground(credential);
    return this.#permit(known.principal, presented, rule);
  }

  /** The caller without a credential whom the network vouches for. Throws `rate-limited`, `forbidden`. */
  admitNetwork(source: () => string, rule: DoorRule): Principal {
    return this.#permit(NETWORK, { source }, rule);
  }

  /** The internal key is no key at all where the door does not expect it. A request the door then refuses counts as one, too. */
  #permit(principal: Principal | null, { source }: Pick<Presented, 'source'>, rule: DoorRule): Principal {
    if (principal === null || (principal.kind === 'internal' && !rule.internalKey)) {
      throw new DomainError('unauthenticated', 'The credential is not valid');
    }
    this.rates.count(principal, source);
    if (rule.scope !== null) requireScope(principal, rule.scope);
    return principal;
  }

  async #prove(credential: string, source: string): Promise<Principal | null> {
    if (!this.#wasRight(credential)) this.#refuseGuessing(source);
    const principal = await this.#askOnce(credential);
    if (principal === null) this.failures.count(source);
    return principal;
  }

  #wasRight(credential: string): boolean {
    return this.cache.wasRight(credential) || this.tokens.wasRight(credential);
  }

  #refuseGuessing(source: string): void {
    const seconds = this.failures.waitSeconds(source);
    if (seconds > 0) throw new DomainError('rate-limited', 'Too many wrong credentials', [], seconds);
  }

  /** A failed question in the background keeps the old answer until it is too old; then the caller gets the failure. */
  #askInBackground(credential: string): void {
    this.#askOnce(credential).catch((error: unknown) => {
      this.logger.warn({ err: error }, 'could not look up an API key again');
    });
  }

  /** Many requests with one key ask together. */
  #askOnce(credential: string): Promise<Principal | null> {
    const running = this.#asking.get(credential);
    if (running !== undefined) return running;
    const asking = apartFromCall(() => this.#ask(credential)).finally(() => this.#asking.delete(credential));
    this.#asking.set(credential, asking);
    return asking;
  }

  async #ask(credential: string): Promise<Principal | null> {
    const shared = this.#sharedKey(credential);
    const isToken = shared === null && mayBeJwt(credential);
    const cache = isToken ? this.tokens : this.cache;
    const askedAt = cache.mark();
    const proof = shared ? { principal: shared, expiresAt: null } : await this.#proofOf(credential, isToken);
    if (proof === null) {
      cache.forget(credential);
      return null;
    }
    const remainingMs =
      proof.expiresAt === null ? Infinity : proof.expiresAt.getTime() - this.clock.now().getTime();
    cache.keep(credential, proof.principal, { askedAt, remainingMs });
    return proof.principal;
  }

  #proofOf(credential: string, isToken: boolean): Promise<Proof | null> {
    return isToken ? this.jwts.prove(credential) : this.keys.prove(credential);
  }

  /** All comparisons are always made, so that the time does not tell which key was nearly right. */
  #sharedKey(credential: string): Principal | null {
    const isAdmin = sameSecret(credential, this.config.adminApiKey ?? '') && this.config.adminApiKey !== null;
    const isInternal =
      sameSecret(credential, this.config.internalApiKey ?? '') && this.config.internalApiKey !== null;
    const isMetrics =
      sameSecret(credential, this.config.metricsToken ?? '') && this.config.metricsToken !== null;
    if (isAdmin) return ADMIN;
    if (isMetrics) return METRICS;
    return isInternal ? INTERNAL : null;
  }
}
