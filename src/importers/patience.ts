import { setTimeout as sleep } from 'node:timers/promises';
import { DomainError } from '../core/errors';

const PAUSES_MS = [100, 300, 1_000, 2_000, 5_000, 10_000, 20_000, 20_000];

/**
 * Runs `work` again while it answers `unavailable`, for about a minute: a restart of the database or the service must not
 * end an import of hours. Only for work that may be done twice.
 */
export async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (const pause of PAUSES_MS) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof DomainError) || error.code !== 'unavailable') throw error;
      await sleep(pause);
    }
  }
  return work();
}
