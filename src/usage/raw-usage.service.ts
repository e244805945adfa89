import { Injectable } from '@nestjs/common';
import { type Sum, sumContributions } from '../core/contribution';
import { readings } from '../core/event';
import type { Meter } from '../core/meter';
import type { Piece } from '../core/window-pieces';
import type { Sql } from '../platform/transaction';
import { EventRepository } from './event.repository';
import type { MeteredBy } from './usage-question';

/** What events inside one piece add up to, for one combination of dimensions ('' = all of them). */
export interface PieceSum {
  readonly window: number;
  readonly sum: Sum;
}

/** Adds up pieces that cut through rollup windows, from the events themselves. */
@Injectable()
export class RawUsageService {
  constructor(private readonly events: EventRepository) {}

  /** Sums of the pieces, which must be in order and apart. Reads O(events in them), neighbours in one go. */
  async fold(
    sql: Sql,
    { owner, meter, pieces }: { owner: MeteredBy; meter: Meter; pieces: readonly Piece[] },
  ): Promise<PieceSum[]> {
    const { bucket, accountId } = owner;
    const folded: PieceSum[] = [];
    for (const run of runsOf(pieces)) {
      const range = { accountId, from: new Date(run[0]!.from), to: new Date(run.at(-1)!.to) };
      let place = 0;
      for await (const page of this.events.effective(sql, range, meter)) {
        const windows = new Map<number, number>();
        const placed = page.map(({ key, at, ...event }) => {
          while (at >= run[place]!.to) place++;
          const piece = run[place]!;
          windows.set(piece.from, piece.window);
          return { bucket, accountId, key, at, segment: piece, readings: readings(event, [meter]) };
        });
        const sums = sumContributions(placed).counters;
        for (const sum of sums) folded.push({ window: windows.get(sum.from)!, sum });
      }
    }
    return folded;
  }
}

/** Pieces that follow each other without a gap, together. */
function runsOf(pieces: readonly Piece[]): Piece[][] {
  const runs: Piece[][] = [];
  for (const piece of pieces) {
    const run = runs.at(-1);
    if (run?.at(-1)!.to === piece.from) run.push(piece);
    else runs.push([piece]);
  }
  return runs;
}
