/** Blocks of IPv4 that are not the public internet (IANA's registry of special purposes), as `address/length`. */
const SPECIAL_V4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
];

/** Of IPv6 only this block is given out to the public internet. */
const GLOBAL_V6 = '2000::/3';
/** And of that not these: protocols, benchmarks, documentation, and 6to4, which carries an IPv4 address inside. */
const SPECIAL_V6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'];
/** These are other ways to write an IPv4 address: its last 32 bits are judged. */
const V4_INSIDE = ['::ffff:0:0/96', '64:ff9b::/96'];

const BITS_V4 = 32n;
const BITS_V6 = 128n;
const OCTET = /^(0|[1-9]\d{0,2})$/;
const GROUP = /^[0-9a-f]{1,4}$/i;

/**
 * Whether an IP address, as text without brackets, belongs to the public internet. Private, loopback, link-local, metadata,
 * multicast and reserved addresses do not, however they are written, and neither does what is not an address at all.
 */
export function isPublicAddress(text: string): boolean {
  const v4 = parseV4(text);
  if (v4 !== null) return isPublicV4(v4);
  const v6 = parseV6(text);
  if (v6 === null) return false;
  if (V4_INSIDE.some((block) => liesInV6(v6, block))) return isPublicV4(v6 & 0xffff_ffffn);
  return liesInV6(v6, GLOBAL_V6) && !SPECIAL_V6.some((block) => liesInV6(v6, block));
}

function isPublicV4(address: bigint): boolean {
  return !SPECIAL_V4.some((block) => lies(address, parsedBlock(block, parseV4), BITS_V4));
}

function liesInV6(address: bigint, block: string): boolean {
  return lies(address, parsedBlock(block, parseV6), BITS_V6);
}

function lies(address: bigint, { start, length }: { start: bigint; length: bigint }, bits: bigint): boolean {
  return address >> (bits - length) === start >> (bits - length);
}

function parsedBlock(block: string, parse: (text: string) => bigint | null) {
  const [start, length] = block.split('/');
  return { start: parse(start!)!, length: BigInt(length!) };
}

/** Four decimal octets and nothing else: other spellings are not addresses here. */
function parseV4(text: string): bigint | null {
  const octets = text.split('.');
  if (octets.length !== 4 || !octets.every((octet) => OCTET.test(octet) && BigInt(octet) < 256n)) return null;
  return octets.reduce((sum, octet) => (sum << 8n) | BigInt(octet), 0n);
}

function parseV6(text: string): bigint | null {
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const [head, tail] = halves.map(groupsOf);
  if (!head || (halves.length === 2 && !tail)) return null;
  const missing = 8 - head.length - (tail?.length ?? 0);
  if (tail === undefined ? missing !== 0 : missing < 1) return null;
  const groups = [...head, ...Array<bigint>(missing).fill(0n), ...(tail ?? [])];
  return groups.reduce((sum, group) => (sum << 16n) | group, 0n);
}

/** Groups of 16 bits; the last two may be written as an IPv4 address. Null for anything else. */
function groupsOf(text: string): bigint[] | null {
  if (text === '') return [];
  const parts = text.split(':');
  const v4 = parts.at(-1)!.includes('.') ? parseV4(parts.pop()!) : undefined;
  if (v4 === null || !parts.every((part) => GROUP.test(part))) return null;
  const groups = parts.map((part) => BigInt(`0x${part}`));
  return v4 === undefined ? groups : [...groups, v4 >> 16n, v4 & 0xffffn];
}
