import { sendAll } from '../harness/batch-sender.mjs';
import { dice, eventMaker, METERS, thisMonth } from '../harness/events.mjs';

const AMOUNTS = 1_000_000;
const AMOUNTS_QUICK = 100_000;
const PLACES = 15;
const ACCOUNT = 'org:million';
const METER = METERS[0];

/** Sums a million amounts of up to 15 decimals through the API, and beside it as integers of 10⁻¹⁵. */
async function sumOfAMillion(bench) {
  const count = bench.options.quick ? AMOUNTS_QUICK : AMOUNTS;
  const reference = { sum: 0n, double: 0 };
  const name = 'sum of a million';
  return bench.withService({ name, underWay: 0 }, async (service) => {
    await sendAll({ base: service.base, key: bench.key, count, next: amounts(reference) });
    const query = new URLSearchParams({ account: ACCOUNT, ...thisMonth() });
    const answer = await service.admin.get(`/api/v1/meters/${METER}/usage?${query}`);
    const total = totalOf(answer);
    const difference = inUnits(total) - reference.sum;
    if (difference !== 0n)
      bench.fail(`${name}: the API says ${total}, off by ${difference} of 10^-${PLACES}`);
    console.log(`  the same sum in doubles is off by ${offBy(reference)} of 10^-${PLACES}`);
    return { difference: Number(difference), acknowledged: count };
  });
}

function amounts(reference) {
  const roll = dice(31);
  const next = eventMaker({ seed: 32 });
  return () => {
    const whole = Math.floor(roll() * 1000);
    const fraction =
      String(Math.floor(roll() * 1e8)).padStart(8, '0') + String(Math.floor(roll() * 1e7)).padStart(7, '0');
    const quantity = `${whole}.${fraction}`;
    reference.sum += inUnits(quantity);
    reference.double += Number(quantity);
    return { ...next(), account: ACCOUNT, type: METER, quantity };
  };
}

/** A plain decimal in units of 10⁻¹⁵. */
function inUnits(text) {
  const [whole, fraction = ''] = text.split('.');
  return BigInt(whole + fraction.padEnd(PLACES, '0'));
}

function offBy({ sum, double }) {
  return inUnits(double.toFixed(PLACES)) - sum;
}

/** The one figure of an answer without windows. */
function totalOf({ data }) {
  if (data.length !== 1) throw new Error(`not one total: ${JSON.stringify(data)}`);
  return data[0].quantity;
}

export const sum = {
  title: 'Exactness of sums',
  once: true,
  cases: { 'sum of a million amounts': sumOfAMillion },
  targets: [
    {
      number: '11',
      title: 'sum over a million amounts minus the bigint reference (in 10⁻¹⁵)',
      top: 'sum of a million amounts',
      by: 'difference',
      lowerIsBetter: true,
      aim: 0,
      floor: 0,
    },
  ],
};
