import fc from 'fast-check';
import { accountScheme, bucketOf, parseAccountKey, type AccountKey } from '../../src/core/account-key';
import { DomainError } from '../../src/core/errors';

const UUID = '0f8fad5b-d9cb-469f-a165-70867728950e';

describe('an account key', () => {
  it.each(['org:acme', 'project:1f0c2d3e', 'team:a:b', 'a:!', `user:${'x'.repeat(200)}`, 'org:Acme'])(
    'keeps %s as sent',
    (text) => {
      expect(parseAccountKey(text)).toBe(text);
    },
  );

  it('keeps one key per uuid, whatever its case', () => {
    expect(parseAccountKey(`team:${UUID.toUpperCase()}`)).toBe(`team:${UUID}`);
  });

  it.each([
    '',
    'acme',
    ':acme',
    'org:',
    'Org:acme',
    '1org:acme',
    'org:ac me',
    'org:acme\n',
    'org:é',
    `org:${'x'.repeat(201)}`,
    `${'o'.repeat(33)}:acme`,
  ])('refuses %j, naming the field', (text) => {
    expect(() => parseAccountKey(text, 'payer')).toThrow(DomainError);
    expect(() => parseAccountKey(text, 'payer')).toThrow(/^payer: /);
  });

  it('names its scheme, which ends at the first colon', () => {
    expect(accountScheme(parseAccountKey('team:a:b'))).toBe('team');
  });
});

describe('the bucket of an account', () => {
  // FNV-1a, 32 bits: '' 0x811c9dc5, 'a' 0xe40c292c, 'foobar' 0xbf9cf968; a bucket is the last six bits.
  it.each([
    ['', 0x05],
    ['a', 0x2c],
    ['foobar', 0x28],
  ])('of %j is the published hash modulo 64', (text, bucket) => {
    expect(bucketOf(text as AccountKey)).toBe(bucket);
  });

  it('is one of 64, and all are used', () => {
    const buckets = Array.from({ length: 2000 }, (_, i) => bucketOf(parseAccountKey(`org:${i}`)));
    expect(new Set(buckets).size).toBe(64);
    expect(Math.min(...buckets)).toBe(0);
    expect(Math.max(...buckets)).toBe(63);
  });

  it('depends on the key alone', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[!-~]{1,40}$/), (value) => {
        const key = parseAccountKey(`org:${value}`);
        expect(bucketOf(parseAccountKey(key))).toBe(bucketOf(key));
        expect(parseAccountKey(key)).toBe(key);
      }),
    );
  });
});
