import fc from 'fast-check';
import {
  canonicalText,
  type Properties,
  propertyAt,
  propertyText,
  type PropertyValue,
  separatePersonal,
} from '../../src/core/event';
import { shuffled } from '../support/event-mix';
import { told } from './told';

describe('a filter', () => {
  const eu = { property: 'region', values: ['eu', 'uk'] };

  it.each<[string, Properties | null, boolean, boolean]>([
    ['a listed text', { region: 'eu' }, true, false],
    ['another listed text', { region: 'uk' }, true, false],
    ['another text', { region: 'us' }, false, true],
    ['another case', { region: 'EU' }, false, true],
    ['an empty text', { region: '' }, false, true],
    ['null', { region: null }, false, true],
    ['a list', { region: ['eu'] }, false, true],
    ['nothing', {}, false, true],
    ['no properties', null, false, true],
  ])('lets %s pass by in or not_in: %j', (_what, properties, isIn, isNotIn) => {
    const passes = (operator: 'in' | 'not_in') =>
      told({ properties }, { filters: [{ ...eu, operator }] }).length === 1;
    expect([passes('in'), passes('not_in')]).toEqual([isIn, isNotIn]);
  });

  it.each<[PropertyValue, string]>([
    [200, '200'],
    [1.5, '1.5'],
    [1e3, '1000'],
    [true, 'true'],
    [false, 'false'],
  ])('compares %p with the text %s', (status, text) => {
    const filters = [{ property: 'status', operator: 'in' as const, values: [text] }];
    expect(told({ properties: { status } }, { filters })).toEqual(['add 1']);
  });

  it('is one of several that must all let it pass', () => {
    const filters = [
      { property: 'region', operator: 'in' as const, values: ['eu'] },
      { property: 'kind', operator: 'not_in' as const, values: ['test'] },
    ];
    const passing = (region: string, kind: string) =>
      told({ properties: { region, kind } }, { filters }).length;
    expect([passing('eu', 'live'), passing('eu', 'test'), passing('us', 'live')]).toEqual([1, 0, 0]);
  });

  it('spares an event the questions of a meter that is not meant', () => {
    const filters = [{ property: 'kind', operator: 'in' as const, values: ['disk'] }];
    expect(told({ properties: { kind: 'cpu' } }, { filters, valueProperty: 'size' })).toEqual([]);
  });
});

describe('a path', () => {
  const properties: Properties = {
    model: { name: 'small', size: { gb: 7 } },
    'model.name': 'written flat',
    list: [{ name: 'first' }],
    none: null,
    '': 'nameless',
  };

  it.each<[string, PropertyValue | undefined]>([
    ['model', { name: 'small', size: { gb: 7 } }],
    ['model.size.gb', 7],
    ['model.name', 'written flat'],
    ['model.size.tb', undefined],
    ['model.name.length', undefined],
    ['list.0.name', undefined],
    ['list.length', undefined],
    ['none', null],
    ['none.name', undefined],
    ['absent.name', undefined],
    ['', 'nameless'],
    ['.', undefined],
    ['constructor', undefined],
    ['model.constructor', undefined],
    ['__proto__', undefined],
    ['model.__proto__.toString', undefined],
    ['toString', undefined],
  ])('%j leads to %j', (path, value) => {
    expect(propertyAt(properties, path)).toEqual(value);
  });

  it('leads a meter to its value, its resource and its dimensions', () => {
    const said = { properties: { disk: { id: 'd1', size: '2.5' }, place: { region: 'eu' } } };
    const overrides = {
      aggregation: 'gauge_peak',
      valueProperty: 'disk.size',
      resourceProperty: 'disk.id',
      dimensions: ['place.region'],
    } as const;
    expect(told(said, overrides)).toEqual(['level 2.5 of d1 at {"place.region":"eu"}']);
  });

  it.each<[PropertyValue, string | null]>([
    ['eu', 'eu'],
    ['', ''],
    [1, '1'],
    [1.005, '1.005'],
    [true, 'true'],
    [null, null],
    [[1], null],
    [{ a: 1 }, null],
  ])('%j is the text %j', (value, text) => {
    expect(propertyText({ value }, 'value')).toBe(text);
  });
});

describe('dimensions', () => {
  it('are written with sorted names, however the meter or the event orders them', () => {
    const dims = '{"class":"small","region":"eu"}';
    for (const dimensions of [
      ['class', 'region'],
      ['region', 'class'],
    ]) {
      expect(told({ properties: { region: 'eu', class: 'small' } }, { dimensions })).toEqual([
        `add 1 at ${dims}`,
      ]);
      expect(told({ properties: { class: 'small', region: 'eu' } }, { dimensions })).toEqual([
        `add 1 at ${dims}`,
      ]);
    }
  });

  it.each<[Properties | null, string]>([
    [{ region: 'eu' }, '{"region":"eu"}'],
    [{ region: 1.5 }, '{"region":"1.5"}'],
    [{ region: true }, '{"region":"true"}'],
    [{ region: '' }, '{"region":""}'],
    [{ region: 'say "hi"' }, '{"region":"say \\"hi\\""}'],
    [{ region: null }, '{}'],
    [{ region: ['eu'] }, '{}'],
    [{}, '{}'],
    [null, '{}'],
  ])('of %j are %s', (properties, dims) => {
    expect(told({ properties }, { dimensions: ['region'] })).toEqual([`add 1 at ${dims}`]);
  });

  it('are empty text for a meter without any, whatever the event says', () => {
    expect(told({ properties: { region: 'eu' } }, {})).toEqual(['add 1']);
  });

  it('have at most 200 characters', () => {
    const with200 = told({ properties: { region: 'r'.repeat(200) } }, { dimensions: ['region'] });
    expect(with200).toEqual([`add 1 at {"region":"${'r'.repeat(200)}"}`]);
    expect(() => told({ properties: { region: 'r'.repeat(201) } }, { dimensions: ['region'] })).toThrow(
      'properties.region: a dimension has at most 200 characters',
    );
  });
});

describe('personal properties', () => {
  it('leave at any depth, under their own name', () => {
    const properties = {
      region: 'eu',
      user_name: 'Ann',
      owner: { id: 7, email: 'ann@example.org', team: { full_name: 'Ann A.' } },
    };
    expect(separatePersonal(properties)).toEqual({
      kept: { region: 'eu', owner: { id: 7, team: {} } },
      personal: { user_name: 'Ann', email: 'ann@example.org', full_name: 'Ann A.' },
    });
  });

  it('are not sought in lists, and the same object comes back when there are none', () => {
    const properties = { region: 'eu', owner: { id: 7 }, users: [{ email: 'ann@example.org' }] };
    const { kept, personal } = separatePersonal(properties);
    expect(kept).toBe(properties);
    expect(personal).toBeNull();
  });

  it('leave what was given as it is', () => {
    const properties = { owner: { email: 'ann@example.org' } };
    separatePersonal(properties);
    expect(properties).toEqual({ owner: { email: 'ann@example.org' } });
  });
});

describe('laws of events', () => {
  const anyProperties = fc.dictionary(fc.string(), fc.jsonValue()).map((value) => value as Properties);

  it('one content has one text, in whatever order its names came, and nothing is lost', () => {
    const reordered = (value: PropertyValue, random: () => number): PropertyValue => {
      if (value === null || typeof value !== 'object') return value;
      if (Array.isArray(value)) return value.map((item: PropertyValue) => reordered(item, random));
      const entries = shuffled(Object.entries(value as Properties), random);
      return Object.fromEntries(entries.map(([name, item]) => [name, reordered(item, random)]));
    };
    fc.assert(
      fc.property(
        anyProperties,
        fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })),
        (value, stream) => {
          const text = canonicalText(value);
          expect(canonicalText(reordered(value, () => stream.next().value as number))).toBe(text);
          expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        },
      ),
    );
  });

  it('dimensions depend on the values alone', () => {
    const names = ['a', 'b', 'c', 'd'];
    const anyDims = fc.dictionary(
      fc.constantFrom(...names),
      fc.oneof(fc.string({ maxLength: 5 }), fc.integer()),
    );
    fc.assert(
      fc.property(anyDims, fc.shuffledSubarray(names, { minLength: 4 }), (properties, dimensions) => {
        const shown = told({ properties }, { dimensions });
        const reversed = Object.fromEntries(Object.entries(properties).reverse());
        expect(told({ properties: reversed }, { dimensions: names })).toEqual(shown);
      }),
    );
  });

  it('in and not_in part all events between them', () => {
    fc.assert(
      fc.property(anyProperties, fc.array(fc.string()), (properties, values) => {
        const kept = (operator: 'in' | 'not_in') =>
          told({ properties }, { filters: [{ property: 'region', operator, values }] }).length;
        expect(kept('in') + kept('not_in')).toBe(1);
      }),
    );
  });
});
