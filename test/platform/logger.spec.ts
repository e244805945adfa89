import { DomainError } from '../../src/core/errors';
import { accessLog } from '../../src/platform/doors/access-log';
import { LogBudget } from '../../src/platform/log-budget';
import { hideSecrets, Logger, NestLogger } from '../../src/platform/logger';
import type { Json } from './door-world';

const lines: string[] = [];
const destination = { write: (line: string) => void lines.push(line) };
beforeEach(() => lines.splice(0));

function logged(): Record<string, Json>[] {
  return lines.map((line) => JSON.parse(line));
}

const KEY = 'th_abcdefghij_abcdefghijkmnpqrstuvwxyz23456789';

describe('a log line', () => {
  const logger = new Logger({ logLevel: 'info' }, destination);

  it('is one JSON object with a time, a weight, a sentence and an id to find it by', () => {
    logger.info({ correlation_id: 'c1', batch: 3 }, 'written');
    expect(logged()).toEqual([
      {
        level: 'info',
        time: expect.stringMatching(/^\d{4}-.*Z$/),
        correlation_id: 'c1',
        batch: 3,
        msg: 'written',
      },
    ]);
  });

  it('tells an error with its stack and its causes, but not what a driver quotes of a row', () => {
    const cause = Object.assign(new Error('duplicate key'), {
      code: '23505',
      detail: 'Key (email)=(a@b.c) exists',
    });
    logger.error({ err: Object.assign(new DomainError('unavailable', 'gone'), { cause }) }, 'failed');
    expect(logged()[0]!.err).toMatchObject({
      type: 'DomainError',
      message: 'gone',
      code: 'unavailable',
      stack: expect.stringContaining('logger.spec'),
      cause: { message: 'duplicate key', code: '23505' },
    });
    expect(lines[0]).not.toContain('exists');
  });

  it('stays one line whatever is written into it', () => {
    logger.info({ name: 'a\n{"level":"error"}' }, 'b\r\nc');
    expect(lines[0]!.trimEnd().split('\n')).toHaveLength(1);
    expect(logged()[0]).toMatchObject({ name: 'a\n{"level":"error"}', msg: 'b\r\nc' });
  });

  it('below the level is not written', () => {
    logger.debug({}, 'quiet');
    expect([lines, logger.writes('debug'), logger.writes('warn')]).toEqual([[], false, true]);
  });
});

describe('secrets', () => {
  const logger = new Logger({ logLevel: 'info' }, destination);

  it('are hidden by the name they stand under', () => {
    logger.info(
      {
        authorization: 'a',
        'x-api-key': 'b',
        headers: { authorization: 'c', cookie: 'd' },
        made: { key: 'e', name: 'f' },
      },
      'x',
    );
    expect(logged()[0]).toMatchObject({
      authorization: '[hidden]',
      'x-api-key': '[hidden]',
      headers: { authorization: '[hidden]', cookie: '[hidden]' },
      made: { key: '[hidden]', name: 'f' },
    });
  });

  it.each([
    [`the key ${KEY} is wrong`, 'the key [hidden] is wrong'],
    [`Authorization: Bearer abc.def-ghi`, 'Authorization: Bearer [hidden]'],
    ['connect to postgres://user:pa55@db:5432/x', 'connect to postgres://user:[hidden]@db:5432/x'],
    ['redis://:pa55@host', 'redis://:[hidden]@host'],
    ['sk_live_51Habcdefgh and whsec_abcdefgh12', '[hidden] and [hidden]'],
    ['mail to jane.doe+x@example.co.uk now', 'mail to [hidden] now'],
    ['at /node_modules/@nestjs/core/router.js:12:3', 'at /node_modules/@nestjs/core/router.js:12:3'],
    ['2026-11-20T12:00:00Z org:acme 0.1', '2026-11-20T12:00:00Z org:acme 0.1'],
  ])('are hidden by their look: %s', (text, expected) => {
    expect(hideSecrets(text)).toBe(expected);
  });

  it('are hidden in messages, fields and errors alike, and the line stays JSON', () => {
    logger.error({ url: 'postgres://u:"pa55@h', deep: { er: [KEY] }, err: new Error(KEY) }, `with ${KEY}`);
    expect(lines[0]).not.toContain('abcdefghij_');
    expect(() => logged()).not.toThrow();
  });
});

describe("the framework's own words", () => {
  it('are told a weight lower, with their context', () => {
    const logger = new NestLogger(new Logger({ logLevel: 'debug' }, destination));
    logger.log('Mapped {/live, GET} route', 'RouterExplorer');
    logger.warn('odd', 'Somewhere');
    logger.error(new Error('broken'), 'Error: broken\n    at x', 'Injector');
    logger.error('text', 'Error: text\n    at y');
    expect(logged()).toMatchObject([
      { level: 'debug', msg: 'Mapped {/live, GET} route', context: 'RouterExplorer' },
      { level: 'warn', msg: 'odd', context: 'Somewhere' },
      { level: 'error', msg: 'broken', context: 'Injector', err: { message: 'broken' } },
      { level: 'error', msg: 'text', stack: 'Error: text\n    at y' },
    ]);
  });
});

describe('lines of one kind', () => {
  it('are fifty a second, then a number', () => {
    let now = 0;
    const budget = new LogBudget(() => now);
    const take = (times: number): (number | null)[] => Array.from({ length: times }, () => budget.take());
    expect(take(50)).toEqual(new Array(50).fill(0));
    expect(take(3)).toEqual([null, null, null]);
    now = 1_000;
    expect(take(2)).toEqual([3, 0]);
  });
});

describe('the access log', () => {
  const request = { id: 'c1', method: 'POST', routeOptions: { url: '/a/:id' }, principal: null } as never;
  const answer = (level: 'info' | 'debug', statusCode: number, elapsedMs: number): Record<string, Json>[] => {
    lines.splice(0);
    accessLog(new Logger({ logLevel: level }, destination))(request, { statusCode } as never, elapsedMs);
    return logged();
  };

  it('tells of what failed or was slow, and of all only when debugging', () => {
    expect([answer('info', 200, 3), answer('info', 404, 3)]).toEqual([[], []]);
    expect(answer('info', 500, 3)).toMatchObject([
      { level: 'info', status: 500, route: '/a/:id', correlation_id: 'c1' },
    ]);
    expect(answer('info', 200, 1_000.6)).toMatchObject([{ level: 'info', elapsed_ms: 1_001 }]);
    expect(answer('debug', 200, 3)).toMatchObject([{ level: 'debug', method: 'POST', status: 200 }]);
  });
});
