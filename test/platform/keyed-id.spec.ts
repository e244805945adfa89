import { z } from 'zod';
import { keyedId } from '../../src/platform/keyed-id';

describe('a keyed id', () => {
  it('is a uuid that depends on kind and key alone', () => {
    const id = keyedId('charge', 'span-1', 2);
    expect(z.uuid().safeParse(id).success).toBe(true);
    expect(keyedId('charge', 'span-1', 2)).toBe(id);
  });

  it('tells keys apart, however their parts are cut', () => {
    const ids = [
      keyedId('charge', 'ab', 'c'),
      keyedId('charge', 'a', 'bc'),
      keyedId('charge', 'abc'),
      keyedId('charge', 'ab","c'),
      keyedId('grant', 'ab', 'c'),
      keyedId('charge', '1'),
      keyedId('charge', 1),
    ];
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('stays what it is for ever', () => {
    expect(keyedId('transfer', 'charge', 'span:1')).toBe('049d9d1f-c282-83bf-a57d-23512770165f');
  });
});
