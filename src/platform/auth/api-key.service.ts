import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { DomainError, invalid } from '../../core/errors';
import { Audit } from '../audit/audit.service';
import { Clock } from '../clock';
import { CONFIG, type Config } from '../config';
import { decodeCursor, encodeCursor, pageOf, type Page } from '../doors/pagination';
import { Ids } from '../ids';
import { Logger } from '../logger';
import { Database } from '../transaction';
import type { ApiKey } from './api-key.entity';
import { ApiKeyRepository, type ListedApiKey, type NewApiKey } from './api-key.repository';
import type { CreateApiKey, ListApiKeys } from './api-key.commands';
import { ApiKeyLookup } from './api-key-lookup';
import { KeyCache, type Proof } from './key-cache';
import { digestKey, newKeyText, prefixOf } from './key-text';
import { mayUseAccount, principalRef, type Principal } from './principal';
import { scopesOf, type Scope } from './scope';

const LIST = 'api-keys';
const Position = z.strictObject({ id: z.uuid() });
const TOUCH_EVERY_MS = 60_000;
const NOT_FOUND = 'There is no such API key';

/** A key just made; `key` is the only time its text exists outside of its holder's hands. */
export interface CreatedApiKey extends ListedApiKey {
  readonly key: string;
}

/** Makes, lists, revokes and proves API keys. */
@Injectable()
export class ApiKeyService implements OnModuleInit, OnModuleDestroy {
  readonly #pepper: string;
  readonly #lookup: ApiKeyLookup;
  readonly #used = new Set<string>();
  #touching: NodeJS.Timeout | undefined;

  constructor(
    private readonly keys: ApiKeyRepository,
    private readonly cache: KeyCache,
    private readonly clock: Clock,
    private readonly ids: Ids,
    private readonly logger: Logger,
    private readonly database: Database,
    private readonly audit: Audit,
    @Inject(CONFIG) config: Pick<Config, 'apiKeyPepper'>,
  ) {
    this.#pepper = config.apiKeyPepper;
    this.#lookup = new ApiKeyLookup((prefixes) => this.keys.findByPrefix(prefixes));
  }

  /** Makes a key with at most the rights of its maker. Throws `forbidden` naming the first right that is missing. */
  async create(maker: Principal, command: CreateApiKey): Promise<CreatedApiKey> {
    await this.#mustCover(maker, command);
    const key = newKeyText((bytes) => this.ids.random(bytes));
    const { expiresAt, ...rest } = command;
    const wanted: NewApiKey = {
      ...rest,
      id: this.ids.uuidv7(),
      prefix: prefixOf(key)!,
      hash: digestKey(key, this.#pepper),
      expires_at: expiresAt,
      created_by: principalRef(maker),
    };
    const listed = await this.database.transaction(async (tx) => {
      const made = await this.keys.insert(wanted, tx);
      await this.audit.write(tx, {
        ...{ actor: maker, action: 'api-key.created', subject: `api-key:${made.id}` },
        after: audited(made),
      });
      return made;
    });
    return { ...listed, key };
  }

  /** The keys whose accounts the caller may all act for, newest first. */
  async list(caller: Principal, { limit, cursor }: ListApiKeys): Promise<Page<ListedApiKey>> {
    const before = cursor === undefined ? null : decodeCursor(LIST, Position, cursor).id;
    const rows = await this.keys.list(limit + 1, before, caller.accounts);
    return pageOf(rows, limit, ({ id }) => encodeCursor(LIST, { id }));
  }

  /**
   * Ends a key's life for good; again and again is once. A key beyond the caller's accounts is `not-found`, one with more
   * scopes than his own is `forbidden`. It bites here at once and on other nodes within four seconds.
   */
  async revoke(caller: Principal, id: string): Promise<void> {
    const key = await this.keys.find(id, caller.accounts);
    if (key === null) throw new DomainError('not-found', NOT_FOUND);
    mustHaveScopes(caller, scopesOf(key.role, key.scopes));
    await this.database.transaction(async (tx) => {
      const revoked = await this.keys.revoke(id, tx);
      if (revoked === null) return;
      const before = audited({ ...revoked, revoked_at: null });
      const entry = { action: 'api-key.revoked', subject: `api-key:${id}`, before, after: audited(revoked) };
      await this.audit.write(tx, { actor: caller, ...entry });
    });
    this.cache.forgetPrincipal(id);
  }

  /**
   * The principal behind a presented key, or null. An unknown prefix costs the same hash and comparison as a known one, so
   * the time of the answer does not tell which prefixes exist.
   */
  async prove(keyText: string): Promise<Proof | null> {
    const prefix = prefixOf(keyText);
    if (prefix === null) return null;
    const key = await this.#lookup.find(prefix);
    const digest = digestKey(keyText, this.#pepper);
    const matches = timingSafeEqual(digest, key?.hash ?? Buffer.alloc(digest.length));
    if (key === null || !matches || !this.#isAlive(key)) return null;
    this.#used.add(key.id);
    return { principal: toPrincipal(key), expiresAt: key.expires_at };
  }

  onModuleInit(): void {
    this.#touching = setInterval(() => void this.#touch(), TOUCH_EVERY_MS).unref();
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.#touching);
    await this.#touch();
  }

  #isAlive(key: ApiKey): boolean {
    return key.revoked_at === null && (key.expires_at === null || key.expires_at > this.clock.now());
  }

  async #touch(): Promise<void> {
    if (this.#used.size === 0) return;
    const used = [...this.#used];
    this.#used.clear();
    // When a key was last used is a convenience: losing a minute of it is no reason to fail anything.
    await this.keys.touch(used).catch((error: unknown) => {
      this.logger.warn({ err: error }, 'could not note when API keys were last used');
    });
  }

  async #mustCover(maker: Principal, command: CreateApiKey): Promise<void> {
    mustHaveScopes(maker, scopesOf(command.role, command.scopes));
    const beyond = command.accounts.find((account) => !mayUseAccount(maker, account));
    if (beyond !== undefined) throw new DomainError('forbidden', `You may not act for ${beyond}`);
    const { expiresAt } = command;
    if (expiresAt !== null && expiresAt <= this.clock.now()) {
      throw invalid('expires_at', 'must be in the future');
    }
    await this.#mustNotOutlive(maker, expiresAt);
  }

  /** A key that is to end must not be able to go on under another name. */
  async #mustNotOutlive(maker: Principal, expiresAt: Date | null): Promise<void> {
    if (maker.kind !== 'api-key') return;
    const end = (await this.keys.find(maker.id, '*'))?.expires_at ?? null;
    if (end !== null && (expiresAt === null || expiresAt > end)) {
      throw new DomainError('forbidden', `The key must expire no later than yours, at ${end.toISOString()}`);
    }
  }
}

/** What the audit trail keeps of a key: what it may do and until when. */
function audited({ name, prefix, role, scopes, accounts, expires_at, revoked_at }: ListedApiKey): object {
  return { name, prefix: `th_${prefix}`, role, scopes, accounts, expires_at, revoked_at };
}

function mustHaveScopes(principal: Principal, scopes: Iterable<Scope>): void {
  for (const scope of scopes) {
    if (!principal.scopes.has(scope))
      throw new DomainError('forbidden', `You do not have the scope ${scope}`);
  }
}

function toPrincipal(key: ApiKey): Principal {
  return {
    id: key.id,
    kind: 'api-key',
    name: key.name,
    scopes: scopesOf(key.role, key.scopes),
    accounts: key.accounts.includes('*') ? '*' : key.accounts,
  };
}
