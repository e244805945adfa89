import { Injectable } from '@nestjs/common';
import { Clock } from '../platform/clock';
import { MeterService } from '../pricing/meter.service';
import { OrganizationUsageRepository, type UsageFigure } from './organization-usage.repository';
import { FREE_FEATURES_METER, isFeature } from './scorpius-feature';

/** Scrapers of several replicas, and impatient ones, share an answer for so long. */
const KEPT_MS = 5_000;

/** What no meter has as its number. */
const NO_METER = 0;

/** Figures of all organisations together, computed no more than once in a few seconds. */
@Injectable()
export class ScorpiusFigures {
  #kept: { readonly figures: readonly UsageFigure[]; readonly until: number } | null = null;
  #reading: Promise<readonly UsageFigure[]> | null = null;

  constructor(
    private readonly usage: OrganizationUsageRepository,
    private readonly meters: MeterService,
    private readonly clock: Clock,
  ) {}

  /** Throws what the database throws; a failure is not kept. */
  async read(): Promise<readonly UsageFigure[]> {
    if (this.#kept && this.#kept.until > performance.now()) return this.#kept.figures;
    this.#reading ??= this.#compute().finally(() => {
      this.#reading = null;
    });
    return this.#reading;
  }

  async #compute(): Promise<readonly UsageFigure[]> {
    const { byId, byKey } = await this.meters.catalogue();
    const freeMeterId = byKey.get(FREE_FEATURES_METER)?.id ?? NO_METER;
    const features = [...byId.values()].filter(isFeature).map(({ id }) => id);
    const meterIds = [...features, freeMeterId];
    const figures = await this.usage.figures({
      at: this.clock.now(),
      meterIds,
      freeMeterId,
      source: 'scorpius',
    });
    this.#kept = { figures, until: performance.now() + KEPT_MS };
    return figures;
  }
}
