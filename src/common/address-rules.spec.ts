import { describe, expect, it } from 'vitest';
import { AddressRules } from './address-rules.js';

const REFUSED = [
  '0.0.0.0',
  '10.1.2.3',
  '100.64.0.1',
  '100.100.100.200',
  '127.0.0.1',
  '127.255.255.254',
  '168.63.129.16',
  '169.254.1.1',
  '169.254.169.254',
  '169.254.170.2',
  '172.16.0.1',
  '172.31.255.255',
  '192.0.0.8',
  '192.0.2.1',
  '192.168.0.1',
  '198.18.0.1',
  '198.51.100.7',
  '203.0.113.9',
  '224.0.0.1',
  '240.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  '::ffff:127.0.0.1',
  '::ffff:10.0.0.1',
  '::ffff:7f00:1',
  '::ffff:8.8.8.8',
  '::127.0.0.1',
  '64:ff9b::7f00:1',
  '64:ff9b:1::1',
  '100::1',
  '2001::1',
  '2001:db8::1',
  '2002:7f00:1::',
  '3fff::1',
  '5f00::1',
  'fc00::1',
  'fd00:ec2::254',
  'fe80::1',
  'fec0::1',
  'ff02::1',
  'localhost',
  '',
  '1.2.3',
  '0x7f.1',
];

describe('AddressRules', () => {
  it.each(REFUSED)('refuses %j unless it is named', (address) => {
    expect(new AddressRules([]).allows(address)).toBe(false);
  });

  it.each(['1.1.1.1', '104.18.6.192', '172.32.0.1', '2606:4700::6812:7c0', '2a00:1450:4001::1'])(
    'allows %s',
    (address) => {
      expect(new AddressRules([]).allows(address)).toBe(true);
    },
  );

  it('allows the networks that are named, and nothing beside them', () => {
    const rules = new AddressRules(['10.8.0.0/16', '127.0.0.1/32', 'fd12::/16']);
    const named = ['10.8.200.3', '127.0.0.1', 'fd12::7', '::ffff:10.8.0.1'];
    expect(named.map((address) => [rules.allows(address), rules.isNamed(address)])).toEqual(
      named.map(() => [true, true]),
    );
    expect(['10.9.0.1', '127.0.0.2', 'fd13::7'].some((address) => rules.allows(address))).toBe(false);
    expect(rules.isNamed('1.1.1.1')).toBe(false);
  });

  it('never allows where clouds give out credentials, even when a named network holds it', () => {
    const rules = new AddressRules(['0.0.0.0/0', '::/0']);
    for (const address of ['169.254.169.254', '::ffff:169.254.169.254', '168.63.129.16', 'fd00:ec2::254'])
      expect([address, rules.allows(address), rules.isNamed(address)]).toEqual([address, false, false]);
    expect(rules.allows('192.168.1.1')).toBe(true);
  });
});
