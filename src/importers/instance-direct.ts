import type { INestApplicationContext } from '@nestjs/common';
import type { UsageEvent } from '../core/event';
import type { InstanceEvent } from '../core/workspace-instance';
import type { Principal } from '../platform/auth/principal';
import type { CorrectUsage, RecordUsage } from '../usage/event-record.commands';
import { IngestService } from '../usage/ingest.service';
import { InstanceHistory } from '../usage/instance-history.service';
import { GITPOD_SOURCE, type InstanceName, type InstanceTarget, type TakenBack } from './instance-target';

/** Whoever can start this program on the database needs no key for it. */
const IMPORTER: Principal = {
  id: 'importer',
  kind: 'internal',
  name: 'Gitpod import',
  scopes: new Set(['events:write', 'events:backfill']),
  accounts: '*',
};

/** Hands instances to the services of this process. */
export class DirectInstanceTarget implements InstanceTarget {
  readonly #ingest: IngestService;
  readonly #history: InstanceHistory;

  constructor(app: INestApplicationContext) {
    this.#ingest = app.get(IngestService, { strict: false });
    this.#history = app.get(InstanceHistory, { strict: false });
  }

  told(instances: readonly InstanceName[]): Promise<readonly (readonly InstanceEvent[])[]> {
    return this.#history.told(instances);
  }

  async record(events: readonly UsageEvent[], takenBack: readonly TakenBack[]) {
    const records = [...events.map(recordOf), ...takenBack.map(voidOf)];
    const command = { records, backfill: true, allOrNothing: false };
    const verdicts = await this.#ingest.recordEvents(command, IMPORTER);
    return { events: verdicts.slice(0, events.length), takenBack: verdicts.slice(events.length) };
  }
}

function recordOf(event: UsageEvent): RecordUsage {
  return { kind: 'usage', subject: null, ...event };
}

function voidOf({ account, target, reason }: TakenBack): CorrectUsage {
  const nothing = { quantity: null, properties: null };
  return {
    ...{ kind: 'void', account, source: GITPOD_SOURCE, id: `void/${target}`, reason },
    ...{ target: { source: GITPOD_SOURCE, id: target }, ...nothing },
  };
}
