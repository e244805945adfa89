import { differences } from '../proofs/year/digest';
import { proveYear, type YearProof } from '../proofs/year/proof';
import { writeScript } from '../proofs/year/write-script';
import { ODD_ZONES } from '../proofs/year/zones';
import { SEED } from '../support/seed';

const SCRIPT = writeScript({
  ...{ seed: SEED, subscriptions: 25, zones: ODD_ZONES, anchors: 2 },
  ...{ steps: 80, events: 10, months: 13 },
});

let one: YearProof;
let two: YearProof;

beforeAll(async () => {
  one = await proveYear(SCRIPT, 1);
  two = await proveYear(SCRIPT, 2);
}, 180_000);

describe(`a year of 25 subscriptions in 6 time zones (seed ${SEED})`, () => {
  it('is as whoever adds everything up by hand has it', () => {
    expect(one.problems).toEqual([]);
    expect(one.looked).toMatchObject({ accounts: 25 });
    expect(one.looked.invoices).toBeGreaterThan(300);
    expect(one.looked.charges).toBeGreaterThan(800);
  });

  it('had everything in it', () => {
    expect(one.verdicts).toMatchObject({ recorded: expect.any(Number), duplicate: expect.any(Number) });
    for (const act of ['plan', 'cancel', 'pay', 'void', 'write-off', 'finalise']) {
      expect(one.answers).toHaveProperty([`${act} 200`]);
    }
  });

  it('is the same when everything is sent, asked and run again', () => {
    expect(one.replayed).toEqual([]);
  });

  it('is the same when two processes do what is due at once', () => {
    expect(two.problems).toEqual([]);
    expect(differences(one.digest, two.digest)).toEqual([]);
    expect(two.answers).toEqual(one.answers);
    expect(two.replayed).toEqual([]);
  });
});
