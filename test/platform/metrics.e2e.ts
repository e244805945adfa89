import type { FastifyInstance } from 'fastify';
import { register } from 'prom-client';
import { counter, gauge, histogram } from '../../src/platform/metrics';
import { DoorHistogram } from '../../src/platform/metrics-door-histogram';
import { openWorld, rest, rpc, type World } from './door-world';
import { GrpcDoors, RestDoors } from './doors-controllers';

describe('the histogram of doors', () => {
  it('counts by door and status, in cumulative buckets', async () => {
    const seconds = new DoorHistogram({ name: 'test_seconds', help: 'For a test', labelNames: ['route'] });
    const door = seconds.door({ route: '/a' });
    door.observe(200, 0.001);
    door.observe(200, 0.003);
    door.observe(200, 60);
    door.observe(500, 0.2);
    expect(seconds.door({ route: '/a' })).toBe(door);
    const text = await register.getSingleMetricAsString('test_seconds');
    expect(text.split('\n').slice(0, 2)).toEqual([
      '# HELP test_seconds For a test',
      '# TYPE test_seconds histogram',
    ]);
    const line = (suffix: string, labels: string): string | undefined =>
      text
        .split('\n')
        .find((candidate) => candidate.startsWith(`test_seconds_${suffix}{${labels}}`))
        ?.split(' ')[1];
    const ok = 'route="/a",code="200"';
    expect(line('bucket', `${ok},le="0.001"`)).toBe('1');
    expect(line('bucket', `${ok},le="0.0025"`)).toBe('1');
    expect(line('bucket', `${ok},le="0.005"`)).toBe('2');
    expect(line('bucket', `${ok},le="10"`)).toBe('2');
    expect(line('bucket', `${ok},le="+Inf"`)).toBe('3');
    expect(line('count', ok)).toBe('3');
    expect(line('sum', ok)).toBe('60.004');
    expect(line('count', 'route="/a",code="500"')).toBe('1');
    const [json] = (await register.getMetricsAsJSON()).filter(({ name }) => name === 'test_seconds');
    expect(json?.values).toHaveLength(2 * 16);
    seconds.reset();
    expect(await register.getSingleMetricAsString('test_seconds')).not.toContain('200');
    register.removeSingleMetric('test_seconds');
  });
});

describe('the metrics of modules', () => {
  it('are made once, however often they are asked for', async () => {
    const name = { name: 'tallyhouse_test_batch', help: 'For a test' } as const;
    expect(histogram(name, [1, 10])).toBe(histogram(name, [1, 10]));
    histogram(name, [1, 10]).observe(5);
    const count = { name: 'tallyhouse_test_total', help: 'For a test' } as const;
    counter(count, ['kind']).inc({ kind: 'a' });
    counter(count, ['kind']).inc({ kind: 'a' });
    gauge({ name: 'tallyhouse_test_depth', help: 'For a test' }, () => 1);
    gauge({ name: 'tallyhouse_test_depth', help: 'For a test' }, () => 7);
    const text = await register.metrics();
    expect(text).toContain('tallyhouse_test_batch_bucket{le="10"} 1');
    expect(text).toContain('tallyhouse_test_total{kind="a"} 2');
    expect(text).toContain('tallyhouse_test_depth 7');
  });
});

describe('/metrics', () => {
  let world: World;
  const routes = (server: FastifyInstance): void => {
    server.hot.post('/hot', { config: { scope: 'events:write' } }, async () => ({}));
  };
  beforeAll(async () => {
    world = await openWorld({ controllers: [RestDoors, GrpcDoors], routes });
  });
  afterAll(() => world?.close());

  async function scrape(): Promise<string> {
    const { status, headers, body } = await rest(world, ['GET', '/metrics'], { key: null });
    expect(status).toBe(200);
    expect(headers.get('content-type')).toContain('text/plain; version=0.0.4');
    return body;
  }

  it('counts every door under its template and status', async () => {
    await rest(world, ['DELETE', '/api/v1/api-keys/01900000-0000-7000-8000-000000000000']);
    await rest(world, ['DELETE', '/api/v1/api-keys/01900000-0000-7000-8000-000000000001']);
    await rest(world, ['GET', '/test/who'], { key: null });
    await rest(world, ['POST', '/hot'], { body: {} });
    await rest(world, ['GET', '/made/up/1']);
    await rest(world, ['GET', '/made/up/2']);
    await rpc(world.grpcUrl, 'Echo');
    await rpc(world.grpcUrl, 'Fail', { text: 'conflict' });
    const text = await scrape();
    const http = (method: string, route: string, code: number): string =>
      `tallyhouse_http_request_seconds_count{method="${method}",route="${route}",code="${code}"}`;
    expect(text).toContain(`${http('DELETE', '/api/v1/api-keys/:id', 404)} 2`);
    expect(text).toContain(`${http('GET', '/test/who', 401)} 1`);
    expect(text).toContain(`${http('POST', '/hot', 200)} 1`);
    expect(text).toContain(`${http('GET', 'unmatched', 404)} 2`);
    expect(text).not.toContain('/made/up');
    expect(text).toContain(
      'tallyhouse_grpc_request_seconds_count{rpc="/echo.v1.EchoService/Echo",code="0"} 1',
    );
    expect(text).toContain(
      'tallyhouse_grpc_request_seconds_count{rpc="/echo.v1.EchoService/Fail",code="6"} 1',
    );
  });

  it('tells of the process and the pool', async () => {
    const text = await scrape();
    expect(text).toMatch(/^process_cpu_seconds_total \d/m);
    expect(text).toMatch(/^nodejs_eventloop_lag_p99_seconds /m);
    expect(text).toMatch(/^tallyhouse_pool_connections [1-4]$/m);
    expect(text).toMatch(/^tallyhouse_pool_waiting_requests 0$/m);
  });

  it('names no account, no key and no path of a caller', async () => {
    await rest(world, ['POST', '/api/v1/api-keys'], {
      body: { name: 'canary-name', role: 'reader', accounts: ['org:canary'] },
    });
    expect(await scrape()).not.toMatch(/canary|th_/);
  });
});
