import fc from 'fast-check';
import { auditText, brokenLink, CHAIN_START, type HashedLink } from '../../src/core/audit-chain';
import { canonicalJson } from '../../src/core/canonical-json';

/** Stands in for a hash: different texts have different ones. */
const hashOf = (text: string): string => `hash of ${text}`;

function link(previous: { sequence: bigint; hash: string }, action: string): HashedLink {
  const plain = {
    ...{ account: '0/0', sequence: previous.sequence + 1n, at: '2026-01-31T10:00:00.000000Z' },
    ...{ actor: 'admin', action, subject: 'api-key:1', before: null, after: '{"a":1}', reason: null },
    previousHash: previous.hash,
  };
  return { ...plain, hash: hashOf(auditText(plain)) };
}

describe('canonical JSON', () => {
  it('has one text for one value', () => {
    const value = { b: [1, undefined, { d: 'x', c: null }], a: 10n, e: undefined, at: new Date(0) };
    expect(canonicalJson(value)).toBe(
      '{"a":"10","at":"1970-01-01T00:00:00.000Z","b":[1,null,{"c":null,"d":"x"}]}',
    );
    expect(canonicalJson({ a: 1, b: 2 })).toBe(canonicalJson({ b: 2, a: 1 }));
  });

  it('means what JSON means', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value);
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(text));
        expect(canonicalJson(JSON.parse(canonicalJson(value)))).toBe(canonicalJson(value));
      }),
    );
  });

  it.each([[NaN], [Infinity], [() => 1], [Symbol('x')]])('refuses what JSON cannot say', (value) => {
    expect(() => canonicalJson({ value })).toThrow(TypeError);
  });
});

describe('an audit chain', () => {
  const first = link(CHAIN_START, 'made');
  const second = link(first, 'changed');

  it('goes on from one row to the next', () => {
    expect(brokenLink(CHAIN_START, first, hashOf)).toBeNull();
    expect(brokenLink(first, second, hashOf)).toBeNull();
  });

  it.each(['account', 'at', 'actor', 'action', 'subject', 'before', 'after', 'reason'] as const)(
    'shows that %s was changed',
    (field) => {
      const changed = { ...second, [field]: 'other' };
      expect(brokenLink(first, changed, hashOf)).toBe('its content differs from its hash');
    },
  );

  it('shows a row that was taken out, or put in the place of another', () => {
    expect(brokenLink(CHAIN_START, second, hashOf)).toBe('row 1 is missing');
    const other = link({ sequence: 1n, hash: 'of another row' }, 'changed');
    expect(brokenLink(first, other, hashOf)).toBe('it does not continue the row before it');
  });

  it('does not take one field for its neighbour', () => {
    const [one, other] = [
      { ...first, action: 'a', subject: 'bc' },
      { ...first, action: 'ab', subject: 'c' },
    ];
    expect(auditText(one)).not.toBe(auditText(other));
    expect(auditText({ ...first, before: null })).not.toBe(auditText({ ...first, before: 'null' }));
  });
});
