import type { ScorpiusJournal } from './scorpius-journal';
import type { ScorpiusCards } from './scorpius-limits';
import type { ScorpiusSource } from './scorpius-source';
import type { ScorpiusTarget } from './scorpius-target';

/** What an import works with. */
export interface ScorpiusParts {
  readonly source: ScorpiusSource;
  /** Null = a preview: everything is read and judged, nothing is written. */
  readonly target: ScorpiusTarget | null;
  readonly journal: ScorpiusJournal;
  readonly cards: ScorpiusCards;
  /** The last instant that something may have been used at, in milliseconds since 1970. */
  readonly latest: number;
  /** Adds up the copies of events too; memory then grows with organisations and features. */
  readonly compareRecords: boolean;
  readonly onProgress: (keys: number) => void;
}
