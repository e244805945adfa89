import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { AccountKey } from '../../core/account-key';
import { DomainError } from '../../core/errors';
import { Audit } from '../audit/audit.service';
import { requireAccount, requireEveryAccount, type Principal } from '../auth/principal';
import { CONFIG, type Config } from '../config';
import { Logger } from '../logger';
import { Database } from '../transaction';
import type { RateLimit } from './rate-limit';
import { RateLimitRepository, type LimitedAccount } from './rate-limit.repository';

/** How long another process may take to notice a change. */
const RELOAD_EVERY_MS = 5_000;

/** What holds for an account. */
export interface AccountRateLimit {
  readonly account: AccountKey;
  /** Null = its principals may make as many requests as they like. */
  readonly limit: RateLimit | null;
  /** Whether nobody has set one for this account. */
  readonly isUsual: boolean;
}

/** The limits that accounts have of their own, in memory, because every request asks for them. */
@Injectable()
export class RateLimits implements OnApplicationBootstrap, OnApplicationShutdown {
  #own: ReadonlyMap<string, RateLimit> = new Map();
  #version = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly rows: RateLimitRepository,
    private readonly database: Database,
    private readonly audit: Audit,
    private readonly logger: Logger,
    @Inject(CONFIG) private readonly config: Pick<Config, 'rateLimitRequests' | 'rateLimitWindowMs'>,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.#reloadQuietly();
    this.#timer = setInterval(() => void this.#reloadQuietly(), RELOAD_EVERY_MS).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.#timer);
  }

  /** How many accounts have a limit of their own. */
  get size(): number {
    return this.#own.size;
  }

  /** Another one means that `of` may answer something else. */
  get version(): number {
    return this.#version;
  }

  /** The limit of an account's own; undefined = the usual one holds. */
  of(account: string): RateLimit | undefined {
    return this.#own.get(account);
  }

  /** What holds for an account. Throws `forbidden` beyond the caller's accounts, `not-found`. */
  async get(caller: Principal, account: AccountKey): Promise<AccountRateLimit> {
    requireAccount(caller, account);
    return this.#answer(account, known(await this.rows.find(account)).limit);
  }

  /** Gives an account a limit of its own, for each principal that acts for it alone. Throws `forbidden`, `not-found`. */
  async put(caller: Principal, account: AccountKey, limit: RateLimit): Promise<AccountRateLimit> {
    await this.#change(caller, account, limit);
    return this.#answer(account, limit);
  }

  /** Lets the usual limit hold again. Throws `forbidden`, `not-found` for an account that does not exist. */
  async remove(caller: Principal, account: AccountKey): Promise<void> {
    await this.#change(caller, account, null);
  }

  /** Who has every right on an account of his own must not be able to raise what the operator allows him. */
  async #change(caller: Principal, account: AccountKey, after: RateLimit | null): Promise<void> {
    requireEveryAccount(caller);
    await this.database.transaction(async (tx) => {
      const found = known(await this.rows.lock(tx, account));
      if (after === null) await this.rows.remove(tx, found);
      else await this.rows.put(tx, found, after);
      const action = after === null ? 'rate-limit.removed' : 'rate-limit.set';
      if (after === null && found.limit === null) return;
      const entry = { action, subject: `account:${account}`, before: found.limit, after };
      await this.audit.write(tx, { account: found, actor: caller, ...entry });
    });
    await this.#reload();
  }

  #answer(account: AccountKey, own: RateLimit | null): AccountRateLimit {
    const { rateLimitRequests: requests, rateLimitWindowMs: windowMs } = this.config;
    const usual = requests === 0 ? null : { requests, windowMs };
    return { account, limit: own ?? usual, isUsual: own === null };
  }

  async #reload(): Promise<void> {
    this.#own = await this.rows.all();
    this.#version += 1;
  }

  async #reloadQuietly(): Promise<void> {
    try {
      await this.#reload();
    } catch (error) {
      this.logger.debug({ err: error }, 'limits of requests could not be read');
    }
  }
}

function known(account: LimitedAccount | null): LimitedAccount {
  if (account === null) throw new DomainError('not-found', 'There is no such account');
  return account;
}
