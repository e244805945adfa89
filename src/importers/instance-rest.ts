import type { AccountKey } from '../core/account-key';
import { DomainError } from '../core/errors';
import { type Properties, separatePersonal, type UsageEvent } from '../core/event';
import { INSTANCE_EVENTS, type InstanceEvent } from '../core/workspace-instance';
import { keyOf } from './instance-plan';
import { GITPOD_SOURCE, type InstanceName, type InstanceTarget, type TakenBack } from './instance-target';
import { RestDoor } from './rest-door';
import type { RowVerdict } from './row-verdict';

interface ListedEvent {
  readonly event_id: string;
  readonly type: string;
  readonly occurred_at: string;
  readonly resource: string | null;
  readonly properties: Properties | null;
  readonly correction: { readonly kind: 'void' | 'amend'; readonly properties: Properties | null } | null;
}

interface EventPage {
  readonly items: readonly ListedEvent[];
  readonly next_cursor: string | null;
}

type Told = Map<string, InstanceEvent[]>;

const PAGE = 500;
const VOIDS_AT_ONCE = 200;

/**
 * Hands instances to the REST doors of a running service. What stands of an account is listed when its first instance comes,
 * kept up to date with what is told, and listed again after anything else than a plain yes.
 */
export class RestInstanceTarget implements InstanceTarget {
  readonly #door: RestDoor;
  readonly #told = new Map<AccountKey, Told>();

  constructor(base: string, apiKey: string) {
    this.#door = new RestDoor(base, apiKey);
  }

  async told(instances: readonly InstanceName[]): Promise<readonly (readonly InstanceEvent[])[]> {
    for (const account of new Set(instances.map((each) => each.account))) {
      if (!this.#told.has(account)) this.#told.set(account, await this.#list(account));
    }
    return instances.map(({ account, id }) => this.#told.get(account)!.get(id) ?? []);
  }

  async record(events: readonly UsageEvent[], takenBack: readonly TakenBack[]) {
    // Until the answer is there, nobody knows what stands.
    const before = new Map(
      [...events, ...takenBack].map(({ account }) => [account, this.#told.get(account)]),
    );
    for (const account of before.keys()) this.#told.delete(account);
    const recorded = events.length === 0 ? [] : await this.#door.record(events);
    const voided: RowVerdict[] = [];
    for (let at = 0; at < takenBack.length; at += VOIDS_AT_ONCE) {
      const part = takenBack.slice(at, at + VOIDS_AT_ONCE).map(voidOf);
      const answer = await this.#door.send<{ verdicts: RowVerdict[] }>('POST', '/api/v1/events', {
        body: { events: part },
      });
      voided.push(...answer.verdicts);
    }
    const verdicts = { events: recorded, takenBack: voided };
    if ([...recorded, ...voided].every(({ status }) => status === 'recorded')) {
      for (const [account, told] of before) if (told) this.#told.set(account, told);
      for (const event of events) this.#remember(event);
      for (const each of takenBack) this.#forget(each);
    }
    return verdicts;
  }

  #remember({ account, id, type, occurredAt: at, resource, properties }: UsageEvent): void {
    const told = this.#told.get(account);
    const kept = properties && separatePersonal(properties).kept;
    const event = { key: keyOf(id), type, at, properties: kept };
    told?.set(resource!, [...(told.get(resource!) ?? []), event]);
  }

  #forget({ account, target }: TakenBack): void {
    const told = this.#told.get(account);
    const key = keyOf(target);
    for (const [id, events] of told ?? []) {
      if (events.some((event) => event.key === key)) {
        told!.set(
          id,
          events.filter((event) => event.key !== key),
        );
      }
    }
  }

  async #list(account: AccountKey): Promise<Told> {
    const told: Told = new Map();
    const types = INSTANCE_EVENTS.map((type) => `&type=${type}`).join('');
    for (let cursor: string | null = ''; cursor !== null;) {
      const after: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const path = `/api/v1/events?account=${encodeURIComponent(account)}&limit=${PAGE}${types}${after}`;
      const page: EventPage = await this.#page(path);
      for (const event of page.items) remember(told, event);
      cursor = page.next_cursor;
    }
    return told;
  }

  /** An account that is not there yet was told nothing. */
  async #page(path: string): Promise<EventPage> {
    try {
      return await this.#door.send<EventPage>('GET', path);
    } catch (error) {
      if (!(error instanceof DomainError) || error.code !== 'not-found') throw error;
      return { items: [], next_cursor: null };
    }
  }
}

function remember(told: Told, { event_id: key, type, occurred_at, resource, ...event }: ListedEvent): void {
  if (resource === null || event.correction?.kind === 'void') return;
  const properties = event.correction?.properties ?? event.properties;
  const known = told.get(resource) ?? [];
  told.set(resource, [...known, { key, type, at: Date.parse(occurred_at), properties }]);
}

function voidOf({ account, target, reason }: TakenBack): object {
  return {
    ...{ kind: 'void', account, source: GITPOD_SOURCE, id: `void/${target}`, reason },
    target: { source: GITPOD_SOURCE, id: target },
  };
}
