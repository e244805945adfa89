import fc from 'fast-check';
import { isPublicAddress } from '../../src/core/address';

describe('an address', () => {
  it.each([
    '1.1.1.1',
    '8.8.8.8',
    '9.255.255.255',
    '11.0.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '172.15.255.255',
    '172.32.0.0',
    '192.0.1.0',
    '198.17.255.255',
    '198.20.0.0',
    '223.255.255.255',
    '2606:4700:4700::1111',
    '2a00:1450:4001:80b::200e',
    '2001:200::1',
    '::ffff:8.8.8.8',
    '::ffff:808:808',
    '64:ff9b::8.8.8.8',
  ])('is public: %s', (address) => expect(isPublicAddress(address)).toBe(true));

  it.each([
    ['this host', '0.0.0.0'],
    ['private', '10.0.0.1'],
    ['carrier-grade', '100.64.0.1'],
    ['loopback', '127.0.0.1'],
    ['loopback, its end', '127.255.255.255'],
    ['metadata of clouds', '169.254.169.254'],
    ['private, its start', '172.16.0.0'],
    ['private, its end', '172.31.255.255'],
    ['protocols', '192.0.0.192'],
    ['documentation', '192.0.2.1'],
    ['6to4 relays', '192.88.99.1'],
    ['private', '192.168.1.1'],
    ['benchmarks', '198.19.255.255'],
    ['documentation', '198.51.100.1'],
    ['documentation', '203.0.113.1'],
    ['multicast', '224.0.0.1'],
    ['reserved', '240.0.0.1'],
    ['broadcast', '255.255.255.255'],
    ['unspecified', '::'],
    ['loopback', '::1'],
    ['loopback, mapped', '::ffff:127.0.0.1'],
    ['loopback, mapped in hex', '::ffff:7f00:1'],
    ['loopback, mapped in full', '0:0:0:0:0:ffff:7f00:0001'],
    ['metadata, mapped', '::ffff:169.254.169.254'],
    ['private, by NAT64', '64:ff9b::10.0.0.1'],
    ['IPv4-compatible', '::8.8.8.8'],
    ['local NAT64', '64:ff9b:1::8.8.8.8'],
    ['discard', '100::1'],
    ['link-local', 'fe80::1'],
    ['link-local with a zone', 'fe80::1%eth0'],
    ['unique local', 'fc00::1'],
    ['metadata of clouds', 'fd00:ec2::254'],
    ['multicast', 'ff02::1'],
    ['Teredo', '2001::1'],
    ['benchmarks', '2001:2::1'],
    ['documentation', '2001:db8::1'],
    ['6to4 of loopback', '2002:7f00:1::'],
    ['documentation', '3fff::1'],
    ['not given out', '4000::1'],
    ['a short form', '127.1'],
    ['octal', '0177.0.0.1'],
    ['hex', '0x7f.0.0.1'],
    ['a number', '2130706433'],
    ['too large', '1.1.1.256'],
    ['five octets', '1.1.1.1.1'],
    ['a name', 'example.com'],
    ['nothing', ''],
    ['two gaps', '2606::4700::1'],
    ['too many groups', '2606:4700:1:1:1:1:1:1:1'],
    ['too few groups', '2606:4700:1'],
    ['in brackets', '[2606:4700::1]'],
    ['with a blank', ' 8.8.8.8'],
  ])('is not (%s): %s', (_why, address) => expect(isPublicAddress(address)).toBe(false));

  it('is judged alike as itself and mapped into IPv6', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        expect(isPublicAddress(`::ffff:${address}`)).toBe(isPublicAddress(address));
        const [a, b, c, d] = address.split('.').map((octet) => parseInt(octet, 10));
        const hex = [a! * 256 + b!, c! * 256 + d!].map((group) => group.toString(16)).join(':');
        expect(isPublicAddress(`::ffff:${hex}`)).toBe(isPublicAddress(address));
      }),
      { numRuns: 500 },
    );
  });

  it('never throws, whatever it is', () => {
    fc.assert(fc.property(fc.string(), (text) => typeof isPublicAddress(text) === 'boolean'));
    fc.assert(fc.property(fc.ipV6(), (text) => typeof isPublicAddress(text) === 'boolean'));
  });
});
