import { setTimeout as sleep } from 'node:timers/promises';
import { register } from 'prom-client';
import { storedGauge, type StoredValue } from '../../src/platform/metrics-stored';

const NAME = 'tallyhouse_test_stored';

/** A gauge of its own for each test, whose reading the test decides. */
function made(read: () => Promise<readonly StoredValue[]>, labels: readonly string[] = []): void {
  storedGauge({ name: NAME, help: 'For a test' }, read, labels);
}

async function samples(): Promise<string[]> {
  const text = await register.getSingleMetricAsString(NAME);
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

afterEach(() => register.removeSingleMetric(NAME));

describe('a gauge of what is in Postgres', () => {
  it('is read when somebody scrapes, and not again at once', async () => {
    let read = 0;
    made(async () => [{ value: (read += 1) }]);
    expect(read).toBe(0);
    expect(await samples()).toEqual([`${NAME} 1`]);
    expect(await samples()).toEqual([`${NAME} 1`]);
    expect(read).toBe(1);
  });

  it('shows its labels, and nothing for those that are gone', async () => {
    made(
      async () => [
        { labels: { name: 'a' }, value: 1 },
        { labels: { name: 'b' }, value: 2 },
      ],
      ['name'],
    );
    expect(await samples()).toEqual([`${NAME}{name="a"} 1`, `${NAME}{name="b"} 2`]);
    made(async () => [], ['name']);
    expect(await samples()).toEqual([]);
  });

  it('shows nothing when it cannot be read, and is asked again', async () => {
    let isDown = true;
    made(async () => {
      if (isDown) throw new Error('no Postgres');
      return [{ value: 7 }];
    });
    expect(await samples()).toEqual([]);
    isDown = false;
    expect(await samples()).toEqual([`${NAME} 7`]);
  });

  it('does not hold a scrape up, and is read by one scrape at a time', async () => {
    let end!: () => void;
    let read = 0;
    made(async () => {
      read += 1;
      await new Promise<void>((resolve) => (end = resolve));
      return [{ value: 3 }];
    });
    const startedMs = performance.now();
    expect(await Promise.all([samples(), samples()])).toEqual([[], []]);
    expect(performance.now() - startedMs).toBeLessThan(5_000);
    expect(read).toBe(1);
    end();
    await sleep(10);
    expect(await samples()).toEqual([`${NAME} 3`]);
  });
});
