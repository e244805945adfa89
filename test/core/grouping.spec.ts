import { groupsOf } from '../../src/core/grouping';

const STORED = [
  '{"class":"small","region":"us"}',
  '{"class":"small","region":"eu"}',
  '{"class":"large","region":"eu"}',
  '{"class":"small"}',
];
const everything = new Map<string, string[]>();

describe('sorting combinations of dimensions into groups', () => {
  it('puts everything into one group when nothing is told apart', () => {
    const { labels, members, isGrouped } = groupsOf(STORED, { groupBy: [], filters: everything });
    expect(labels).toEqual([{}]);
    expect(members).toEqual(STORED.map((dims) => ({ dims, group: 0 })));
    expect(isGrouped).toBe(false);
  });

  it('has that one group for a meter without dimensions and for one that has seen nothing', () => {
    expect(groupsOf([''], { groupBy: [], filters: everything }).members).toEqual([{ dims: '', group: 0 }]);
    expect(groupsOf([], { groupBy: [], filters: everything }).labels).toEqual([{}]);
  });

  it('groups by some of the dimensions, in order, with null where a value is missing', () => {
    const { labels, members } = groupsOf(STORED, { groupBy: ['region'], filters: everything });
    expect(labels).toEqual([{ region: 'eu' }, { region: 'us' }, { region: null }]);
    expect(members).toEqual([
      { dims: '{"class":"small","region":"eu"}', group: 0 },
      { dims: '{"class":"large","region":"eu"}', group: 0 },
      { dims: '{"class":"small","region":"us"}', group: 1 },
      { dims: '{"class":"small"}', group: 2 },
    ]);
  });

  it('keeps what has one of the values asked for in every dimension filtered', () => {
    const filters = new Map([
      ['region', ['eu', 'us']],
      ['class', ['small']],
    ]);
    expect(groupsOf(STORED, { groupBy: ['region'], filters })).toEqual({
      labels: [{ region: 'eu' }, { region: 'us' }],
      members: [
        { dims: '{"class":"small","region":"eu"}', group: 0 },
        { dims: '{"class":"small","region":"us"}', group: 1 },
      ],
      isGrouped: true,
    });
    expect(groupsOf(STORED, { groupBy: [], filters: new Map([['region', ['mars']]]) })).toEqual({
      labels: [{}],
      members: [],
      isGrouped: false,
    });
  });

  it('takes names and values for nothing but text', () => {
    const stored = ['{"__proto__":"a","constructor":"b"}', '{}'];
    const { labels } = groupsOf(stored, { groupBy: ['__proto__', 'constructor'], filters: everything });
    expect(labels.map((label) => JSON.stringify(label))).toEqual([
      '{"__proto__":"a","constructor":"b"}',
      '{"__proto__":null,"constructor":null}',
    ]);
  });
});
