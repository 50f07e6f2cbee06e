import { lookup, type LookupAddress, type LookupAllOptions } from 'node:dns';
import type { LookupFunction } from 'node:net';
import type { AddressRules } from '../common/address-rules.js';

export type GuardedLookup = LookupFunction;

/** Code of the error when a name leads nowhere a connection may go. */
export const ADDRESS_REFUSED = 'ERR_ADDRESS_REFUSED';

type Resolve = (
  hostname: string,
  options: LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/**
 * A name's addresses without those that the rules refuse. The connection is made to what is answered here, so a name
 * that is pointed elsewhere after it was checked (DNS rebinding) leads nowhere.
 */
export function guardedLookup(rules: AddressRules, resolve: Resolve = lookup): GuardedLookup {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, '', 0);
      const allowed = addresses.filter(({ address }) => rules.allows(address));
      const [first] = allowed;
      if (first === undefined) return callback(refused(hostname, addresses), '', 0);
      if (options.all === true) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };
}

function refused(hostname: string, addresses: readonly LookupAddress[]): NodeJS.ErrnoException {
  const found = addresses.map(({ address }) => address).join(', ');
  const message = `${hostname} leads to ${found || 'no address'}, where registered providers may not point (PROXY_UPSTREAM_ALLOW_CIDRS)`;
  return Object.assign(new Error(message), { code: ADDRESS_REFUSED, syscall: 'connect' });
}
