import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { parseAccountKey } from '../../src/core/account-key';
import { DomainError } from '../../src/core/errors';
import { parseQuantity } from '../../src/core/quantity';
import { ADMIN } from '../../src/platform/auth/principal';
import { Clock } from '../../src/platform/clock';
import type { ReservationAnswer } from '../../src/usage/reservation.commands';
import { ReservationExpiry } from '../../src/usage/reservation-expiry.service';
import { ReservationService } from '../../src/usage/reservation.service';
import { startTestApp, type TestApp } from '../support/app';
import { withClient } from '../support/postgres';
import { wrongBooksOf } from '../support/wrong-books';
import { LimitWorld } from '../usage/limit-world';

interface LimitProof {
  readonly seeds: number;
  readonly looks: number;
  readonly admitted: number;
  readonly refused: number;
  readonly kills: number;
  readonly kinds: Readonly<Record<string, number>>;
  readonly problems: readonly string[];
  readonly crashes: readonly string[];
  readonly broken: readonly string[];
}

const ROOT = resolve(__dirname, '..', '..');

/** The same program as `npm run proof:limits`, smaller, on the sources; its last line is the result as JSON. */
function proveLimits(args: readonly string[]): Promise<LimitProof> {
  return new Promise((done, failed) => {
    const program = ['test/proofs/limits.mjs', '--json', '--source', ...args];
    const child = spawn(process.execPath, program, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.on('close', () => {
      const last = output
        .split('\n')
        .reverse()
        .find((line) => line.startsWith('{"seed"'));
      if (last === undefined) failed(new Error(`the proof ended without a result:\n${output}`));
      else done((JSON.parse(last) as { limits: LimitProof }).limits);
    });
  });
}

describe('a hundred races for the units of limits, through two processes', () => {
  let proof: LimitProof;
  beforeAll(async () => {
    const size = ['--seeds', '100', '--clients', '16', '--units', '50', '--kills', '1', '--lanes', '4'];
    proof = await proveLimits([...size, '--seed', '20260101']);
  }, 300_000);

  it('are of every kind', () => {
    const { seeds, kills, looks, kinds } = proof;
    expect([seeds, kills, looks > 1_000]).toEqual([100, 1, true]);
    for (const name of ['accounts', 'most', 'batches', 'lost', 'changes']) {
      expect([name, kinds[name]! > 20]).toEqual([name, true]);
    }
  });

  it('admit exactly each limit, at no moment more, and store exactly what was admitted', () => {
    expect(proof.problems).toEqual([]);
    expect(proof.admitted).toBeGreaterThan(4_000);
    expect(proof.refused).toBeGreaterThan(2_000);
  });

  it('leave books that add up, and processes that live', () => {
    expect([proof.broken, proof.crashes]).toEqual([[], []]);
  });
});

describe('reservations made, committed and given back in two places at once', () => {
  const NOON = Date.parse('2026-03-10T12:00:00Z');
  const SEEDS = 12;
  const LIMIT = 60;
  const CLIENTS = 25;
  let world: LimitWorld;
  let other: TestApp;
  beforeAll(async () => {
    world = await LimitWorld.at(new Date(NOON).toISOString());
    other = await startTestApp({ databaseUrl: world.usage.app.databaseUrl });
  });
  afterAll(async () => {
    await other.close();
    await world.close();
  });

  const itIs = (at: number): void => {
    for (const { app } of [world.usage.app, other])
      jest.spyOn(app.get(Clock), 'now').mockReturnValue(new Date(at));
  };

  it.each(Array.from({ length: SEEDS }, (_, seed) => seed))(
    'never take more than the limit (%i)',
    async (seed) => {
      const account = `org:reserved-${seed}`;
      itIs(NOON);
      await world.limit(account, { scans: [String(LIMIT), 'refuse'] });
      const services = [world.usage.app, other].map(({ app }) => app.get(ReservationService));
      const clients = Array.from({ length: CLIENTS }, (_, i) => client({ account, seed, i, services }));
      const consumers = Array.from({ length: 10 }, () => world.consume(account, { scans: '1' }));
      await Promise.all([...clients, ...consumers]);
      expect(await held(account)).toMatchObject({ fits: true, agrees: true });
      // From here on nothing is held that was not committed: what is left can be used to the last unit.
      itIs(NOON + 60_000);
      await Promise.all([world.usage.app, other].map(({ app }) => app.get(ReservationExpiry).run()));
      await Promise.all(Array.from({ length: LIMIT + 5 }, () => world.consume(account, { scans: '1' })));
      expect(await held(account)).toEqual({ fits: true, agrees: true, used: LIMIT, reserved: 0 });
    },
  );

  it('leave books that add up', async () => {
    expect(await wrongBooksOf(world.usage.app)).toEqual([]);
  });

  /** Reserves a little, in a quarter of the cases each: commits all, a half, releases, or forgets it. */
  async function client({
    account: key,
    seed,
    i,
    services,
  }: {
    account: string;
    seed: number;
    i: number;
    services: readonly ReservationService[];
  }): Promise<void> {
    const account = parseAccountKey(key);
    const [here, there] = [services[i % 2]!, services[(i + seed) % 2]!];
    const quantity = 1 + ((seed * 31 + i * 17) % 7);
    const request = {
      ...{ account, source: 'race', id: `r${i}`, expiresInMs: 60_000 },
      items: [
        { meter: 'scans', quantity: parseQuantity(String(quantity)), resource: null, properties: null },
      ],
    };
    // The same request arrives twice, at both processes: it is one reservation.
    const answers = await Promise.all(
      [here, there].map((service) => untilHeard(() => service.reserve(request, ADMIN))),
    );
    const id = answers.find((answer) => answer.id !== null)?.id;
    if (!id) return;
    const ends: (() => Promise<ReservationAnswer | null>)[] = [
      () => there.commit({ account, id, quantities: null }, ADMIN),
      () => here.commit({ account, id, quantities: [parseQuantity(String(quantity >> 1))] }, ADMIN),
      () => there.release({ account, id }, ADMIN),
      () => Promise.resolve(null),
    ];
    await untilHeard(ends[(seed + i) % ends.length]!);
  }

  /** As clients do: whoever is told to come back does so. */
  async function untilHeard<R>(ask: () => Promise<R>): Promise<R> {
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        if (!(error instanceof DomainError) || error.code !== 'unavailable') throw error;
      }
    }
  }

  async function held(account: string): Promise<Record<string, unknown>> {
    const { rows } = await withClient(world.usage.app.databaseUrl, (client) =>
      client.query<{ used: number; reserved: number; open: number; events: number }>(
        `select c.sum::int as used, c.reserved::int as reserved,
           (select coalesce(sum((h ->> 'quantity')::numeric), 0)::int from reservation r, json_array_elements(r.holds) h
             where r.account_id = a.id and r.state = 'open') as open,
           (select coalesce(sum(quantity), 0)::int from usage_event e where e.account_id = a.id) as events
         from account a join usage_counter c on c.account_id = a.id and c.dims = '' join meter m on m.id = c.meter_id
         where a.key = $1 and m.key = 'scans'`,
        [account],
      ),
    );
    const { used, reserved, open, events } = rows[0]!;
    return {
      ...{ used, reserved },
      fits: used + reserved <= LIMIT,
      agrees: reserved === open && used === events,
    };
  }
});
