import type { Allowance, Rollover } from './allowance';
import type { EntitlementValue } from './entitlement';
import {
  below,
  decimal,
  integer,
  list,
  nullable,
  oneOf,
  readOrThrow,
  refuse,
  type Codec,
  type Place,
} from './json-codec';
import { isObject, object, required, type Member, type Members } from './json-object';
import { METER_KEY_PATTERN } from './meter';
import { CURRENCIES, type Currency } from './money';
import {
  checkPlanVersion,
  PLAN_COUNT_MAX,
  PLAN_SOURCES,
  TRIAL_DAYS_MAX,
  type Plan,
  type PlanOffer,
  type PlanWording,
} from './plan';
import type { FlatPrice, Price } from './price';
import { PRICE } from './price-shape';
import { ZERO } from './quantity';

/** The wire shape of a plan, the same in files, at doors and in storage. */

export const PLAN_NAME_MAX = 200;
export const PLAN_DESCRIPTION_MAX = 2_000;
export const PLAN_FEATURES_MAX = 50;
export const PLAN_POSITION_MAX = 1_000_000;
/** Meters that one plan may price, attributes that it may have, and entitlements that it may grant. */
export const PLAN_MEMBERS_MAX = 200;
/** The longest key that a meter can have. */
export const METER_KEY_MAX = 100;

const CONTROL = /[\p{Cc}\p{Cs}]/u;

/** A text without line breaks and the like, which no label needs and some stores do not take. */
export function words(atLeast: number, longest: number): Codec<string> {
  const read = (json: unknown, place: Place) => {
    if (typeof json !== 'string' || json.length < atLeast || json.length > longest) {
      return refuse(place, `must be a text of ${atLeast} to ${longest} characters`);
    }
    return CONTROL.test(json) ? refuse(place, 'must not hold control characters') : json;
  };
  return { read, write: (value) => value };
}

/** An object whose names are data. Written in the order of its names, so that one content is one text. */
export function namedBy<T>(longest: number, codec: Codec<T>): Codec<ReadonlyMap<string, T>> {
  const read = (json: unknown, place: Place) => {
    if (!isObject(json)) return refuse(place, 'must be an object');
    const entries = Object.entries(json);
    if (entries.length > PLAN_MEMBERS_MAX)
      return refuse(place, `must have at most ${PLAN_MEMBERS_MAX} members`);
    const values = entries.map(([name, value]) => {
      const at = below(place, name);
      if (name === '' || name.length > longest) refuse(at, `must have a name of 1 to ${longest} characters`);
      return [name, codec.read(value, at)] as const;
    });
    const good = values.filter((entry): entry is readonly [string, T] => entry[1] !== undefined);
    return good.length === values.length ? new Map(good) : undefined;
  };
  const write = (map: ReadonlyMap<string, T>) =>
    Object.fromEntries(
      [...map]
        .sort(([one], [other]) => (one < other ? -1 : 1))
        .map(([name, value]) => [name, codec.write(value)]),
    );
  return { read, write };
}

/** May be missing, as `optional`, but is always written: the reader of a plan must not know what goes without saying. */
function told<T>(wire: string, codec: Codec<T>, means: T): Member<T> {
  return { wire, ...codec, absent: { means } };
}

const AMOUNT = decimal({ atLeast: ZERO });

const CURRENCY: Codec<Currency> = {
  read: (json, place) =>
    CURRENCIES.find((code) => code === json) ?? refuse(place, 'must be an ISO 4217 code, such as USD'),
  write: (code) => code,
};

export const FLAT: Codec<FlatPrice> = {
  read: (json, place) => {
    const price: Price | undefined = PRICE.read(json, place);
    if (price === undefined || price.model === 'flat') return price;
    return refuse(below(place, 'model'), 'must be flat: a base fee does not look at usage');
  },
  write: (price) => PRICE.write(price),
};

export const ALLOWANCE = object<Allowance>({
  included: told('included', nullable(AMOUNT), null),
  limit: told('limit', nullable(AMOUNT), null),
  onExceed: told('on_exceed', oneOf('bill', 'flag', 'refuse'), 'bill'),
  rollover: told(
    'rollover',
    nullable(object<Rollover>({ maximum: told('maximum', nullable(AMOUNT), null) })),
    null,
  ),
});

const ATTRIBUTES: Codec<Plan['attributes']> = {
  read: (json, place) => {
    const map = namedBy(PLAN_NAME_MAX, words(0, PLAN_NAME_MAX)).read(json, place);
    for (const name of map?.keys() ?? [])
      if (CONTROL.test(name)) refuse(place, 'must not have control characters in names');
    return map && Object.fromEntries(map);
  },
  write: (attributes) =>
    namedBy(PLAN_NAME_MAX, words(0, PLAN_NAME_MAX)).write(new Map(Object.entries(attributes))),
};

export const ENTITLEMENT_TEXT_MAX = 200;

export const ENTITLEMENT: Codec<EntitlementValue> = {
  read: (json, place) => {
    if (typeof json === 'boolean') return json;
    if (typeof json === 'string') return words(1, ENTITLEMENT_TEXT_MAX).read(json, place);
    return refuse(place, `must be true, false or a text of 1 to ${ENTITLEMENT_TEXT_MAX} characters`);
  },
  write: (value) => value,
};

const ENTITLEMENT_NAME = new RegExp(METER_KEY_PATTERN);

/**
 * Entitlements stand beside meters, so that their names are made alike. None of them is not written: what was stored
 * before there were any is still the same text.
 */
export function entitled<T>(codec: Codec<T>): Member<ReadonlyMap<string, T>> {
  const named = namedBy(METER_KEY_MAX, codec);
  const read = (json: unknown, place: Place) => {
    const map = named.read(json, place);
    for (const name of isObject(json) ? Object.keys(json) : []) {
      if (ENTITLEMENT_NAME.test(name)) continue;
      refuse(below(place, name), 'must have a name of a-z, 0-9, _ . - that begins with a letter');
    }
    return map;
  };
  const write = (map: ReadonlyMap<string, T>) => (map.size === 0 ? undefined : named.write(map));
  return { wire: 'entitlements', read, write, absent: { means: new Map() } };
}

const LABELS: Members<Plan> = {
  key: required('key', words(1, PLAN_NAME_MAX)),
  name: required('name', words(1, PLAN_NAME_MAX)),
  description: told('description', words(0, PLAN_DESCRIPTION_MAX), ''),
  features: told('features', list(words(1, PLAN_NAME_MAX), { atLeast: 0, atMost: PLAN_FEATURES_MAX }), []),
  attributes: told('attributes', ATTRIBUTES, {}),
  source: told('source', oneOf(...PLAN_SOURCES), 'tallyhouse'),
  position: told('position', integer(0, PLAN_POSITION_MAX), 0),
};

const WORDING: Members<PlanWording> = {
  currency: required('currency', CURRENCY),
  interval: told('interval', oneOf('hour', 'day', 'week', 'month', 'year'), 'month'),
  count: told('interval_count', integer(1, PLAN_COUNT_MAX), 1),
  trialDays: told('trial_days', integer(0, TRIAL_DAYS_MAX), 0),
  baseFee: told('base_fee', nullable(FLAT), null),
  prices: told('prices', namedBy(METER_KEY_MAX, PRICE), new Map()),
  allowances: told('allowances', namedBy(METER_KEY_MAX, ALLOWANCE), new Map()),
  entitlements: entitled(ENTITLEMENT),
};

const LABELS_SHAPE = object<Plan>(LABELS);
const WORDING_SHAPE = object<PlanWording>(WORDING);
const OFFER = object<PlanOffer>({ ...LABELS, ...WORDING });

type Json = Readonly<Record<string, unknown>>;

/**
 * Reads a plan from its wire shape and refuses one that contradicts itself. Unknown members are refused; all problems
 * are thrown as one `invalid-argument` whose fields are paths below `field`, such as `plan.prices.build.tiers[1].up_to`.
 * Whether its meters exist is for the catalogue to say.
 */
export function parsePlan(json: unknown, field = 'plan'): PlanOffer {
  const offer = readOrThrow(OFFER, json, field);
  checkPlanVersion({ ...offer, plan: offer.key, version: 1 }, field);
  return offer;
}

/** The wire shape of a plan, with everything that goes without saying in it but for entitlements that are none. */
export function planToJson(offer: PlanOffer): Json {
  return OFFER.write(offer) as Json;
}

/** The part of the wire shape that may change in place. */
export function planLabelsToJson(plan: Plan): Json {
  return LABELS_SHAPE.write(plan) as Json;
}

/** The part of the wire shape that a plan version freezes. */
export function planWordingToJson(wording: PlanWording): Json {
  return WORDING_SHAPE.write(wording) as Json;
}

/** The same as doors show it and changes are told by it: with entitlements, be there none. */
export function wholeWordingToJson(wording: PlanWording): Json {
  const json = planWordingToJson(wording);
  return { ...json, entitlements: json['entitlements'] ?? {} };
}

/** Reads what `planWordingToJson` wrote. Throws `invalid-argument` for anything else. */
export function parsePlanWording(json: unknown, field = 'plan'): PlanWording {
  return readOrThrow(WORDING_SHAPE, json, field);
}
