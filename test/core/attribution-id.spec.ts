import fc from 'fast-check';
import { parseAttributionId } from '../../src/core/attribution-id';
import { DomainError } from '../../src/core/errors';

const U = '0f8fad5b-d9cb-469f-a165-70867728950e';
const DIGITS = U.replaceAll('-', '');

describe('an attribution id', () => {
  // AT-1…AT-4 are of a lenient splitter, which nothing of ours needs: what is no uuid is refused everywhere.
  it.each([
    ['AT-1 (no lenient form)', 'team:123'],
    ['AT-2', 'user:123'],
    ['AT-3', 'user:123:invalid'],
    ['AT-4', ''],
    ['AT-6', 'team:123'],
    ['AT-8', ''],
    ['AT-9', `team:${U}:x`],
    ['AT-10', `TEAM:${U}`],
    ['AT-13', 'team'],
    ['AT-14', ` team:${U}`],
    ['another scheme', `org:${U}`],
    ['a name of every object', `constructor:${U}`],
    ['a blank at the end', `team:${U} `],
    ['a line at the end', `team:${U}\n`],
    ['a null character', `team:${U}\0`],
    ['dashes elsewhere', `team:${DIGITS.slice(0, 4)}-${DIGITS.slice(4)}`],
    ['a digit too many', `team:${U}0`],
  ])('%s: %j is refused, naming the field', (_vector, text) => {
    expect(() => parseAttributionId(text)).toThrow(DomainError);
    expect(() => parseAttributionId(text, 'payer')).toThrow(/^payer: /);
  });

  it.each([
    ['AT-5', `team:${U}`, `team:${U}`],
    // Design 10 row 1: persons pay, too; the original refuses them.
    ['AT-7 (row 1: accepted)', `user:${U}`, `user:${U}`],
    // Design 10 row 1: every spelling is one account; the original keeps them apart (its fault 39).
    ['AT-11 (row 1: canonical)', `team:${DIGITS}`, `team:${U}`],
    ['AT-12 (row 1: canonical)', `team:${U.toUpperCase()}`, `team:${U}`],
    ['in braces', `team:{${U}}`, `team:${U}`],
    ['as digits in upper case', `user:${DIGITS.toUpperCase()}`, `user:${U}`],
  ])('%s: %s is the account %s', (_vector, text, key) => {
    expect(parseAttributionId(text)).toBe(key);
  });

  it('is one account however it is spelt, and reading it again changes nothing', () => {
    const spellings = [
      (uuid: string) => uuid,
      (uuid: string) => uuid.toUpperCase(),
      (uuid: string) => uuid.replaceAll('-', ''),
      (uuid: string) => `{${uuid}}`,
    ];
    fc.assert(
      fc.property(
        fc.uuid(),
        fc.constantFrom('team', 'user'),
        fc.constantFrom(...spellings),
        (uuid, scheme, spell) => {
          const key = parseAttributionId(`${scheme}:${spell(uuid)}`);
          expect(key).toBe(`${scheme}:${uuid}`);
          expect(parseAttributionId(key)).toBe(key);
        },
      ),
    );
  });
});
