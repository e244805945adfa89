import fc from 'fast-check';
import type { RecordUsage } from '../../src/usage/event-record.commands';
import { fromGrpcEvents } from '../../src/usage/grpc-event.wire';
import { arrived, read, refusal } from './grpc-bytes';

const plain = { id: 'e-1', account: 'org:acme', type: 'api_requests' };

/** JSON as the members of a Struct. */
function value(json: unknown): object {
  if (json === null) return { nullValue: 'NULL_VALUE' };
  if (typeof json === 'string') return { stringValue: json };
  if (typeof json === 'number') return { numberValue: json };
  if (typeof json === 'boolean') return { boolValue: json };
  if (Array.isArray(json)) return { listValue: { values: json.map(value) } };
  return { structValue: struct(json as object) };
}

function struct(json: object): object {
  return { fields: Object.fromEntries(Object.entries(json).map(([name, member]) => [name, value(member)])) };
}

/** So many objects, or lists, one within the other. */
const nested = (levels: number, wrap: (inner: unknown) => unknown): object => {
  let inner: unknown = 7;
  for (let level = 1; level < levels; level++) inner = wrap(inner);
  return struct({ a: inner });
};

describe('properties over gRPC', () => {
  it('are JSON, and a value of no kind is null', () => {
    const json = {
      text: 'a',
      empty: '',
      number: 1.5,
      none: 0,
      yes: true,
      no: false,
      nil: null,
      list: [1, { a: [] }],
    };
    expect((read({ ...plain, properties: struct(json) }) as RecordUsage).properties).toEqual(json);
    expect((read({ ...plain, properties: { fields: { a: {} } } }) as RecordUsage).properties).toEqual({
      a: null,
    });
    expect((read({ ...plain, properties: {} }) as RecordUsage).properties).toEqual({});
  });

  it.each([
    ['objects', (inner: unknown) => ({ a: inner })],
    ['lists', (inner: unknown) => [inner]],
  ])('may be 32 %s deep and no deeper', (_what, wrap) => {
    expect(read({ ...plain, properties: nested(32, wrap) }).kind).toBe('usage');
    expect(refusal({ ...plain, properties: nested(33, wrap) })).toEqual([
      'properties',
      'must not be nested deeper than 32 levels',
    ]);
  });

  it.each<[string, unknown]>([
    ['NaN', NaN],
    ['infinity', Infinity],
    ['less than all', -Infinity],
    ['NaN in a list', [1, NaN]],
    ['NaN in an object', { a: NaN }],
  ])('hold no %s', (_what, json) => {
    expect(refusal({ ...plain, properties: struct({ a: json }) })).toEqual([
      'properties',
      'must hold finite numbers',
    ]);
  });

  it('name no prototype', () => {
    const properties = { fields: JSON.parse('{"__proto__":{"stringValue":"a"}}') as object };
    const request = { ...arrived({ events: [plain] }) };
    const [event] = request.events;
    const [record] = fromGrpcEvents({
      ...request,
      events: [{ ...event!, properties: properties as never }],
    }).records;
    expect(record).toMatchObject({ kind: 'unreadable', fields: ['properties'] });
  });

  it('whatever JSON they are, come through as they were', () => {
    const anyJson = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 }));
    fc.assert(
      fc.property(anyJson, (drawn) => {
        const json = JSON.parse(JSON.stringify(drawn)) as object;
        fc.pre(!JSON.stringify(json).includes('__proto__'));
        expect((read({ ...plain, properties: struct(json) }) as RecordUsage).properties).toEqual(json);
      }),
    );
  });
});
