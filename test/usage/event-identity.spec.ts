import fc from 'fast-check';
import { createHash } from 'node:crypto';
import { parseAccountKey } from '../../src/core/account-key';
import { parseQuantity } from '../../src/core/quantity';
import { EventIdentity } from '../../src/usage/event-identity.service';
import type { CorrectUsage } from '../../src/usage/event-record.commands';

const identity = new EventIdentity();

describe('the key of an event', () => {
  it('is made of its source and id, and of nothing else', () => {
    const digest = createHash('sha256').update('eu\u0000e-1').digest('hex');
    expect(identity.keyOf('eu', 'e-1').replaceAll('-', '')).toBe(`ff${digest.slice(0, 30)}`);
    expect(new EventIdentity().keyOf('eu', 'e-1')).toBe(identity.keyOf('eu', 'e-1'));
  });

  it('keeps the time of a UUIDv7', () => {
    const id = '018bcfe5-6800-7000-8000-000000000000';
    expect(identity.keyOf('', id).slice(0, 13)).toBe('018bcfe5-6800');
    expect(identity.keyOf('eu', id).slice(0, 13)).toBe('018bcfe5-6800');
    expect(identity.keyOf('eu', id)).not.toBe(identity.keyOf('', id));
  });

  it('never changes: stored keys must be found again', () => {
    expect(identity.keyOf('', 'e-1')).toBe('ffd39453-7b55-289d-562b-b3bf828be40b');
    expect(identity.keyOf('eu', '01HF7YAT00AAAAAAAAAAAAAAAA')).toBe('018bcfe5-6800-5592-0444-fd5e44111865');
  });

  it.each([
    ['a', 'b'],
    ['', 'ab'],
    ['ab', ''],
    ['b', 'a'],
  ])('of source %j and id %j is its own', (source, id) => {
    const others = [
      ['a', 'b'],
      ['', 'ab'],
      ['ab', ''],
      ['b', 'a'],
    ] as const;
    const same = others.filter(([s, i]) => identity.keyOf(s, i) === identity.keyOf(source, id));
    expect(same).toEqual([[source, id]]);
  });
});

describe('the content of an event', () => {
  const parts = ['used', 1_000, '1.5', null, null, '{"region":"eu"}'] as const;

  it('is a signed number of 64 bits as text, the same for the same parts', () => {
    const content = identity.contentOf(parts);
    expect(content).toBe('-6098576058914053826');
    expect(identity.contentOf([...parts])).toBe(content);
    expect(BigInt.asIntN(64, BigInt(content))).toBe(BigInt(content));
  });

  it('differs when any part does', () => {
    const contents = parts.map((_part, i) =>
      identity.contentOf(parts.map((part, j) => (i === j ? 'other' : part))),
    );
    expect(new Set([...contents, identity.contentOf(parts)]).size).toBe(parts.length + 1);
  });

  it('does not take null, nothing and a word for one another', () => {
    const contents = [[null], [''], ['null'], [0], ['0'], [], [null, null]].map((each) =>
      identity.contentOf(each),
    );
    expect(new Set(contents).size).toBe(contents.length);
  });

  it('does not mix neighbours up', () => {
    expect(identity.contentOf(['a', 'bc'])).not.toBe(identity.contentOf(['ab', 'c']));
    expect(identity.contentOf(['a","b'])).not.toBe(identity.contentOf(['a', 'b']));
  });
});

describe('the content of a correction', () => {
  const amend: CorrectUsage = {
    kind: 'amend',
    account: parseAccountKey('org:acme'),
    source: 'eu',
    id: 'c-1',
    target: { source: 'eu', id: 'e-1' },
    quantity: parseQuantity('1.5'),
    properties: { region: 'eu', size: { gb: 7, class: 'small' } },
    reason: 'twice',
  };
  const contentOf = (more: Partial<CorrectUsage> = {}): string =>
    identity.contentOfCorrection({ ...amend, ...more });

  it('is the same whatever the order of its properties and the zeros of its quantity', () => {
    expect(contentOf({ properties: { size: { class: 'small', gb: 7 }, region: 'eu' } })).toBe(contentOf());
    expect(contentOf({ quantity: parseQuantity('1.500') })).toBe(contentOf());
  });

  it.each<Partial<CorrectUsage>>([
    { kind: 'void' },
    { target: { source: 'us', id: 'e-1' } },
    { target: { source: 'eu', id: 'e-2' } },
    { quantity: null },
    { quantity: parseQuantity('1.51') },
    { properties: null },
    { properties: {} },
    { properties: { region: 'eu', size: { gb: 7, class: 'large' } } },
    { reason: '' },
  ])('differs with %j', (more) => {
    expect(contentOf(more)).not.toBe(contentOf());
  });
});

describe('laws of identity', () => {
  // Names hold no control characters, so the NUL between source and id cannot come from either.
  const anyName = fc.string({ unit: 'grapheme', maxLength: 20 });

  it('two different pairs of source and id have two keys', () => {
    fc.assert(
      fc.property(anyName, anyName, anyName, anyName, (source, id, otherSource, otherId) => {
        const isSame = source === otherSource && id === otherId;
        expect(identity.keyOf(source, id) === identity.keyOf(otherSource, otherId)).toBe(isSame);
      }),
    );
  });

  it('content tells all parts apart and fits into a bigint', () => {
    const anyParts = fc.array(fc.oneof(fc.string(), fc.integer(), fc.constant(null)), { maxLength: 6 });
    fc.assert(
      fc.property(anyParts, anyParts, (parts, others) => {
        const isSame = JSON.stringify(parts) === JSON.stringify(others);
        expect(identity.contentOf(parts) === identity.contentOf(others)).toBe(isSame);
        const content = BigInt(identity.contentOf(parts));
        expect(content >= -(2n ** 63n) && content < 2n ** 63n).toBe(true);
      }),
    );
  });
});
