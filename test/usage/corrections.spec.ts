import { type TestApp, startTestApp } from '../support/app';
import { readBooks } from '../support/books';
import { MIXED_METERS, daysAgo, mixedEvents, mixedMeter, randomOf, shuffled } from '../support/event-mix';
import { Rest } from '../support/rest';
import { RollupService } from '../../src/usage/rollup.service';

interface Verdict {
  status: string;
  code?: string;
  reason?: string;
}

describe('void and amend', () => {
  let app: TestApp;
  let rest: Rest;

  beforeAll(async () => {
    app = await startTestApp();
    rest = new Rest(app.rest, app.adminKey);
    for (const key of Object.keys(MIXED_METERS)) await rest.put(`/api/v1/meters/${key}`, mixedMeter(key));
  });
  afterAll(() => app.close());

  /** A service that is too busy for the moment says so, and is asked again. */
  const verdicts = async (events: object[]): Promise<Verdict[]> => {
    const { status, body } = await rest.post<{ verdicts: Verdict[] }>('/api/v1/events', { events });
    return status === 503 ? verdicts(events) : body.verdicts;
  };

  it('a second void is a duplicate, a voided id stays taken, an unknown target is refused', async () => {
    const scan = { id: 's1', account: 'org:v', type: 'scans', quantity: '4' };
    const voided = (id: string): object => ({ kind: 'void', id, account: 'org:v', target: { id: 's1' } });
    const result = await verdicts([
      scan,
      voided('v1'),
      voided('v1'),
      voided('v2'),
      { kind: 'void', id: 'v3', account: 'org:v', target: { id: 'nobody' } },
      { kind: 'amend', id: 'a1', account: 'org:v', target: { id: 's1' }, quantity: '5' },
    ]);
    expect(result.map(({ status, code }) => [status, code])).toEqual([
      ['recorded', undefined],
      ['recorded', undefined],
      ['duplicate', undefined],
      ['duplicate', undefined],
      ['refused', 'not-found'],
      ['refused', 'failed-precondition'],
    ]);
    expect((await verdicts([scan]))[0]!.status).toBe('duplicate');
    expect((await verdicts([{ ...scan, quantity: '5' }]))[0]!.status).toBe('conflict');
  });

  it('one of fifty voids at once counts, and the usage is taken away once', async () => {
    await verdicts([
      { id: 'm1', account: 'org:once', type: 'scans', quantity: '10' },
      { id: 'm2', account: 'org:once', type: 'scans', quantity: '1' },
    ]);
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) =>
        verdicts([{ kind: 'void', id: `w${i}`, account: 'org:once', target: { id: 'm1' } }]),
      ),
    );
    const counted = answers.filter(([verdict]) => verdict!.status === 'recorded');
    expect(counted).toHaveLength(1);
    const { counters } = await readBooks(app.databaseUrl);
    const scans = Object.entries(counters).find(([name]) => name.startsWith('org:once scans'));
    expect(scans![1]).toMatch(/^1 1 /);
  });

  it('leaves the books as if the voided had never come and the amended had come amended', async () => {
    const random = randomOf(3);
    const events = mixedEvents(11, { count: 400, start: daysAgo(5), hours: 48 });
    const fate = events.map(() => random());
    const amendedQuantity = (i: number): string => String(i % 17);
    const corrections = events.flatMap((event, i) => {
      const common = { account: `corrected:${event.account}`, source: 'mix', target: { id: event.id } };
      if (fate[i]! < 0.2) return [{ kind: 'void', id: `void-${event.id}`, ...common }];
      if (fate[i]! < 0.4)
        return [{ kind: 'amend', id: `amend-${event.id}`, ...common, quantity: amendedQuantity(i) }];
      return [];
    });
    await verdicts(
      shuffled(events, random).map((event) => ({ ...event, account: `corrected:${event.account}` })),
    );
    const halves = shuffled(corrections, random);
    await verdicts(halves.slice(0, 80));
    await app.app.get(RollupService).catchUp();
    await verdicts(halves.slice(80));
    const clean = events
      .map((event, i) =>
        fate[i]! >= 0.2 && fate[i]! < 0.4 ? { ...event, quantity: amendedQuantity(i) } : event,
      )
      .filter((_event, i) => fate[i]! >= 0.2)
      .map((event) => ({ ...event, account: `clean:${event.account}` }));
    await verdicts(clean);
    await app.app.get(RollupService).catchUp();
    const books = await readBooks(app.databaseUrl);
    const of = (rows: Record<string, string>, scheme: string): Record<string, string> =>
      Object.fromEntries(
        Object.entries(rows)
          .filter(([name, value]) => name.startsWith(`${scheme}:`) && !/^\S+ \S+ 0 0( |$)/.test(value))
          .map(([name, value]) => [name.slice(scheme.length), value]),
      );
    for (const part of ['counters', 'gauges', 'days', 'windows'] as const) {
      expect({ part, rows: of(books[part], 'corrected') }).toEqual({ part, rows: of(books[part], 'clean') });
    }
  });
});
