import type { Ratio } from '../core/ratio';
import type { DirectGitpodTarget } from './gitpod-direct';
import type { ReadParts } from './gitpod-people';

/** What an import of the original's tables works with. */
export interface GitpodParts extends ReadParts {
  /** Null = a dry run: everything is read, judged and compared, nothing is written. */
  readonly target: DirectGitpodTarget | null;
  /** Credits a minute by workspace class. */
  readonly rates: ReadonlyMap<string, Ratio>;
  /** The last instant that a time may be at, in milliseconds. */
  readonly latest: number;
  readonly matchBalances: boolean;
}
