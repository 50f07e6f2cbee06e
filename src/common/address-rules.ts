import { BlockList, isIP } from 'node:net';

/** Not on the public internet (IANA special-purpose registries, and what is reserved). */
const SPECIAL = [
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
  '2001::/23',
  '2001:db8::/32',
  // 6to4 and what follows carry an IPv4 address inside; nobody serves an API from there.
  '2002::/16',
  '3fff::/20',
];
/** Where clouds hand credentials to whoever asks from inside: never, whatever the operator allows. */
const METADATA = [
  '169.254.169.254/32',
  '169.254.170.2/32',
  '168.63.129.16/32',
  '100.100.100.200/32',
  '192.0.0.192/32',
  'fd00:ec2::/32',
];
/** All of the public internet that speaks IPv6; everything else (mapped, translated, local, multicast) is not. */
const GLOBAL_IPV6 = '2000::/3';
const MAPPED = /^::ffff:/i;

/** Which addresses a registered upstream may have: public ones, and networks the operator names. */
export class AddressRules {
  readonly #special = listOf(SPECIAL);
  readonly #metadata = listOf(METADATA);
  readonly #global = listOf([GLOBAL_IPV6]);
  readonly #allowed: BlockList;

  /** CIDRs, as configuration has checked. */
  constructor(allowCidrs: readonly string[]) {
    this.#allowed = listOf(allowCidrs);
  }

  /** Whether the operator named the network it is in. */
  isNamed(address: string): boolean {
    return has(this.#allowed, address) && !has(this.#metadata, address);
  }

  /** Whether a connection may be made to this address. What is no IP address may not. */
  allows(address: string): boolean {
    if (isIP(address) === 0 || has(this.#metadata, address)) return false;
    if (has(this.#allowed, address)) return true;
    if (has(this.#special, address)) return false;
    return isIP(address) === 4 || has(this.#global, address);
  }
}

function listOf(cidrs: readonly string[]): BlockList {
  const list = new BlockList();
  for (const cidr of cidrs) {
    const [network = '', prefix = ''] = cidr.split('/');
    list.addSubnet(network, Number(prefix), isIP(network) === 6 ? 'ipv6' : 'ipv4');
  }
  return list;
}

/** An IPv4 address in IPv6 clothes is the IPv4 address it is. */
function has(list: BlockList, address: string): boolean {
  const plain = address.replace(MAPPED, '');
  if (isIP(plain) === 4) return list.check(plain, 'ipv4');
  return isIP(address) === 6 && list.check(address, 'ipv6');
}
