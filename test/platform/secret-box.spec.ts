import { Clock } from '../../src/platform/clock';
import { Ids } from '../../src/platform/ids';
import { SecretBox } from '../../src/platform/secret-box';

const PEPPER = 'Wm4-pepper-of-a-test-run-0123456789abcdef';
const OWN = 'Kd8-own-key-of-a-test-run-0123456789abcdef';
const NEXT = 'Rz2-next-key-of-a-test-run-0123456789abcd';
const PLACE = 'webhook_endpoint/1/secret';

function box(encryptionKey: string | null, encryptionKeyBefore: string | null = null, apiKeyPepper = PEPPER) {
  return new SecretBox(new Ids(new Clock()), { encryptionKey, encryptionKeyBefore, apiKeyPepper });
}

describe('a stored secret', () => {
  const sealed = box(OWN).seal('whsec_é', PLACE);

  it('is opened where it belongs, and is never written the same twice', () => {
    expect(box(OWN).open(sealed, PLACE)).toBe('whsec_é');
    expect(box(OWN).seal('whsec_é', PLACE).equals(sealed)).toBe(false);
    expect(sealed.includes('whsec')).toBe(false);
  });

  it('cannot be opened elsewhere, changed, cut, or with another key', () => {
    expect(() => box(OWN).open(sealed, 'webhook_endpoint/2/secret')).toThrow();
    for (let at = 0; at < sealed.length; at++) {
      const changed = Buffer.from(sealed);
      changed[at]! ^= 1;
      expect(() => box(OWN).open(changed, PLACE)).toThrow();
      expect(() => box(OWN).open(sealed.subarray(0, at), PLACE)).toThrow();
    }
    expect(() => box(NEXT).open(sealed, PLACE)).toThrow('see ENCRYPTION_KEY');
  });

  it('outlives a change of keys', () => {
    expect(box(NEXT, OWN).open(sealed, PLACE)).toBe('whsec_é');
    const derived = box(null).seal('x', PLACE);
    expect(box(OWN).open(derived, PLACE)).toBe('x');
    expect(() => box(null, null, OWN).open(derived, PLACE)).toThrow('see ENCRYPTION_KEY');
  });
});
