import fc from 'fast-check';
import { splitsOf, usageText } from '../../src/importers/scorpius-keys';
import { describeWithRedis } from '../support/redis';
import { AUGUST, JULY, JUNE, partOf, ScorpiusWorld, told } from './scorpius-world';

describe('the key of a counter', () => {
  const name = fc.stringMatching(/^[a-c:*]{0,8}$/);

  it('is read as what wrote it, among other ways only where names have colons', () => {
    fc.assert(
      fc.property(name, name, (organisation, feature) => {
        const splits = splitsOf(`usage:${organisation}:${feature}`);
        expect(splits).toContainEqual({ organisation, feature });
        expect(splits).toHaveLength(`${organisation}${feature}`.split(':').length);
        for (const split of splits) {
          expect(`${split.organisation}:${split.feature}`).toBe(`${organisation}:${feature}`);
        }
      }),
    );
  });

  it('does not decide what a whole number is', () => {
    const keys = ['usage:a:b', 'usage:a:b:reset', 'usage:records:a:2026-07-03T10:00:00'];
    for (const key of keys) expect(usageText(key, '12')).toEqual({ kind: 'count', count: 12n });
  });
});

describeWithRedis('the usage of a Scorpius', () => {
  let scorpius: ScorpiusWorld;
  beforeAll(async () => {
    scorpius = await ScorpiusWorld.open();
  });
  afterAll(() => scorpius?.close());
  beforeEach(() => scorpius.empty());

  describe('a count', () => {
    it('S-15: of a marker that is past belongs to the month before it', async () => {
      await scorpius.keys.organisation('late');
      await scorpius.keys.used('late', 'scans', { count: 5, until: JULY });
      await scorpius.move();
      expect(await scorpius.total('late', 'scans', [JUNE, JULY])).toBe('5');
      expect(await scorpius.total('late', 'scans')).toBe('0');
      // The next one of the running month is another fact.
      await scorpius.keys.used('late', 'scans', { count: 2, until: AUGUST });
      await scorpius.move();
      expect(await scorpius.total('late', 'scans', [JUNE, JULY])).toBe('5');
      expect(await scorpius.total('late', 'scans')).toBe('2');
    });

    it('that went on in the original is a conflict: what stands here stays', async () => {
      await scorpius.keys.organisation('moving');
      await scorpius.keys.used('moving', 'scans', { count: 5, until: AUGUST });
      await scorpius.move();
      await scorpius.keys.used('moving', 'scans', { count: 6, until: AUGUST });
      expect(told(await scorpius.move())).toEqual([
        'usage:moving:scans: skipped: another count stands here: the id is taken by an event that differs in quantity',
      ]);
      expect(await scorpius.total('moving', 'scans')).toBe('5');
    });

    it('of nothing is a feature that was used, with nothing', async () => {
      await scorpius.keys.used('nothing', 'scans', { count: 0, until: AUGUST });
      expect(partOf(await scorpius.move(), 'counters')).toMatchObject({ imported: 1, skipped: 0 });
      expect(await scorpius.total('nothing', 'scans')).toBe('0');
    });

    it.each<[string, string, string | null, string]>([
      ['-3', 'its count is negative', '2026-08-01T00:00:00', 'negative'],
      ['3.5', 'holds no whole number', '2026-08-01T00:00:00', 'fraction'],
      ['many', 'holds no whole number', '2026-08-01T00:00:00', 'words'],
      ['', 'holds no whole number', '2026-08-01T00:00:00', 'empty'],
      ['5', 'reset marker: is missing', null, 'unmarked'],
      [
        '5',
        'reset marker: must be an RFC 3339 instant such as 2026-01-31T10:00:00Z',
        '2026-13-01T00:00:00',
        'month-13',
      ],
      ['5', 'reset marker: is not the first instant of a month', '2026-07-14T12:00:00', 'mid-month'],
      ['5', 'reset marker: its month has not begun', '2026-10-01T00:00:00', 'future'],
      ['9999999999999999', 'quantity: must be at most 1000000000000000', '2026-08-01T00:00:00', 'huge'],
    ])('%s that %s is told by its key and skipped', async (text, reason, marker, name) => {
      const key = `usage:bad-${name}:scans`;
      await scorpius.keys.redis.set(key, text);
      if (marker !== null) await scorpius.keys.redis.set(`${key}:reset`, marker);
      await scorpius.keys.used(`bad-${name}`, 'wallet_checks', { count: 1, until: AUGUST });
      const journal = await scorpius.move();
      expect(told(journal)).toContain(`${key}: skipped: ${reason}`);
      expect(partOf(journal, 'counters')).toMatchObject({ read: 2, imported: 1, skipped: 1 });
      expect(await scorpius.total(`bad-${name}`, 'wallet_checks')).toBe('1');
      expect(await scorpius.total(`bad-${name}`, 'scans')).toBe('0');
    });

    it('that is lost leaves a marker, which is told', async () => {
      await scorpius.keys.organisation('lost');
      await scorpius.keys.redis.set('usage:lost:scans:reset', '2026-08-01T00:00:00');
      expect(told(await scorpius.move())).toEqual([
        'usage:lost:scans:reset: skipped: there is no counter that it could be of',
      ]);
    });
  });

  it('has copies of events, which are not counted again', async () => {
    await scorpius.keys.organisation('copies');
    await scorpius.keys.used('copies', 'scans', { count: 8, until: AUGUST });
    await scorpius.keys.copy('copies', 'scans', { count: 5, until: AUGUST });
    await scorpius.keys.copy('copies', 'scans', { count: 3, until: AUGUST });
    await scorpius.keys.redis.set('billing:copies:1752570000.1', '{"event_type": "overage"}');
    const journal = await scorpius.move({ compareRecords: true });
    expect(told(journal)).toEqual([]);
    expect(partOf(journal, 'copies of events')).toMatchObject({ read: 2, skipped: 0 });
    expect(partOf(journal, 'overage events')).toMatchObject({ read: 1, skipped: 0 });
    expect(await scorpius.total('copies', 'scans')).toBe('8');
  });

  it('is told where copies of events and counters differ, when asked for', async () => {
    await scorpius.keys.organisation('differs');
    await scorpius.keys.used('differs', 'scans', { count: 8, until: AUGUST });
    await scorpius.keys.copy('differs', 'scans', { count: 5, until: AUGUST });
    await scorpius.keys.copy('differs', 'exports', { count: 2, until: AUGUST });
    await scorpius.keys.copy('differs', 'scans', { count: '3', until: AUGUST });
    const journal = await scorpius.move({ compareRecords: true });
    expect(journal.skipped).toBe(0);
    expect(told(journal)).toEqual([
      'usage:differs:exports: remark: copies of events count 2 in a month that no counter of it is of',
      'usage:differs:scans: remark: counts 8, and its copies of events 5',
      expect.stringMatching(
        /^usage:records:differs:.*: remark: is a copy of an event that cannot be compared$/,
      ),
    ]);
  });

  describe('keys that say two things', () => {
    it('organisations called records and limits are organisations', async () => {
      await scorpius.keys.organisation('records', { plan: 'professional' });
      await scorpius.keys.organisation('limits', { plan: 'enterprise' });
      await scorpius.keys.organisation('limits:eu', { plan: 'professional' });
      await scorpius.keys.used('records', 'scans', { count: 4, until: AUGUST });
      await scorpius.keys.used('limits', 'scans', { count: 6, until: AUGUST });
      await scorpius.keys.copy('records', 'scans', { count: 4, until: AUGUST });
      await scorpius.keys.copy('limits', 'scans', { count: 6, until: AUGUST });
      const journal = await scorpius.move({ compareRecords: true });
      expect(told(journal)).toEqual([]);
      expect(partOf(journal, 'organisations')).toMatchObject({ read: 3, imported: 3 });
      expect(await scorpius.total('records', 'scans')).toBe('4');
      expect(await scorpius.total('limits', 'scans')).toBe('6');
      expect(await scorpius.subscription('limits:eu')).toMatchObject({ plan: 'professional' });
    });

    it('one hash that is both limits and an organisation is told and skipped', async () => {
      await scorpius.keys.organisation('limits:both', { plan: 'professional', scans: '5' });
      await scorpius.keys.redis.hset('org:limits:numbers', { plan: '5' });
      await scorpius.keys.organisation('on-both', { plan: 'professional' });
      const journal = await scorpius.move();
      const reason = 'skipped: could be limits of a plan or an organisation: its fields are of both';
      expect(told(journal)).toEqual([`org:limits:both: ${reason}`, `org:limits:numbers: ${reason}`]);
      expect(partOf(journal, 'organisations')).toMatchObject({ read: 1, imported: 1 });
    });

    it('colons are read by the organisation that is there', async () => {
      await scorpius.keys.organisation('eu:one');
      await scorpius.keys.used('eu:one', 'scans', { count: 4, until: AUGUST });
      await scorpius.keys.organisation('colon');
      await scorpius.keys.used('colon', 'scan:deep', { count: 3, until: AUGUST });
      expect(told(await scorpius.move())).toEqual([]);
      expect(await scorpius.total('eu:one', 'scans')).toBe('4');
      expect(await scorpius.features('colon')).toEqual(['scan:deep 3']);
    });

    it('colons that two organisations could have used, or none, are told and skipped', async () => {
      await scorpius.keys.organisation('two');
      await scorpius.keys.organisation('two:more');
      await scorpius.keys.used('two:more', 'scans', { count: 4, until: AUGUST });
      await scorpius.keys.used('nobody:more', 'scans', { count: 4, until: AUGUST });
      const journal = await scorpius.move();
      const reason = 'and not one of them alone has its organisation';
      expect(told(journal)).toEqual([
        `usage:nobody:more:scans: skipped: key: can be read in 2 ways (more:scans of nobody; scans of nobody:more), ${reason}`,
        `usage:two:more:scans: skipped: key: can be read in 2 ways (more:scans of two; scans of two:more), ${reason}`,
      ]);
      expect(await scorpius.total('two:more', 'scans')).toBe('0');
    });

    it('a feature that ends in :reset is a counter where it has a marker of its own', async () => {
      await scorpius.keys.organisation('again');
      await scorpius.keys.used('again', 'scan:reset', { count: 3, until: AUGUST });
      await scorpius.keys.used('again', 'reset', { count: 2, until: AUGUST });
      const journal = await scorpius.move();
      expect(told(journal)).toEqual([]);
      expect(await scorpius.features('again')).toEqual(['reset 2', 'scan:reset 3']);
    });

    it('a counter where the marker of another should be takes nothing with it', async () => {
      await scorpius.keys.organisation('mixed');
      await scorpius.keys.redis.mset('usage:mixed:scans', '5', 'usage:mixed:scans:reset', '7');
      const journal = await scorpius.move();
      expect(told(journal)).toEqual([
        'usage:mixed:scans: skipped: reset marker: must be an RFC 3339 instant such as 2026-01-31T10:00:00Z',
        'usage:mixed:scans:reset: skipped: reset marker: is missing',
      ]);
    });

    it('keys of other kinds, ids that no account can have and globs are told, not tripped over', async () => {
      await scorpius.keys.redis.set('org:text', 'x');
      await scorpius.keys.redis.hset('org:other', { colour: 'red' });
      await scorpius.keys.redis.lpush('usage:list:scans', '1');
      await scorpius.keys.redis.hset('usage:hash:scans', { a: '1' });
      await scorpius.keys.organisation('a b');
      await scorpius.keys.organisation('glob*[x]?', { payment_overdue: 'perhaps', created_at: 'once' });
      await scorpius.keys.used('glob*[x]?', 'scans', { count: 2, until: AUGUST });
      await scorpius.keys.redis.set(Buffer.from([...Buffer.from('usage:'), 0xff, 0x3a, 0x61]), '5');
      const journal = await scorpius.move();
      expect(told(journal)).toEqual([
        'org:a b: skipped: org_id: must be 1 to 200 printable ASCII characters without blanks',
        'org:glob*[x]?: skipped: created_at: must be an RFC 3339 instant such as 2026-01-31T10:00:00Z',
        'org:glob*[x]?: skipped: payment_overdue: must be true or false',
        'org:other: skipped: fields: none is of an organisation',
        'org:text: skipped: is no hash',
        'usage:hash:scans: skipped: is no text',
        'usage:list:scans: skipped: is no text',
        'usage:\ufffd:a: skipped: its key is no UTF-8',
      ]);
      expect(await scorpius.total('glob*[x]?', 'scans')).toBe('2');
    });
  });
});
