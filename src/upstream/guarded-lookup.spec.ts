import type { LookupAddress } from 'node:dns';
import { describe, expect, it } from 'vitest';
import { AddressRules } from '../common/address-rules.js';
import { ADDRESS_REFUSED, guardedLookup } from './guarded-lookup.js';
import { failureOf } from './failure-codes.js';

const at = (...addresses: string[]): LookupAddress[] =>
  addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));

function ask(found: LookupAddress[] | Error, all: boolean, cidrs: string[] = []): unknown[] {
  let heard: unknown[] = [];
  const resolve = guardedLookup(new AddressRules(cidrs), (_name, _options, callback) =>
    found instanceof Error ? callback(found, []) : callback(null, found),
  );
  resolve('api.example.com', { all }, (...args) => (heard = args));
  return heard;
}

describe('guardedLookup', () => {
  it('answers what is public, in the form that was asked for', () => {
    expect(ask(at('10.0.0.1', '1.1.1.1', '2606:4700::1'), true)).toEqual([
      null,
      at('1.1.1.1', '2606:4700::1'),
    ]);
    expect(ask(at('127.0.0.1', '1.1.1.1'), false)).toEqual([null, '1.1.1.1', 4]);
    expect(ask(at('10.0.0.1'), false, ['10.0.0.0/8'])).toEqual([null, '10.0.0.1', 4]);
  });

  it.each([[at('127.0.0.1')], [at('169.254.169.254', 'fd00:ec2::254')], [at('::ffff:10.0.0.1')], [at()]])(
    'refuses a name that leads to %j only, as a connection that was never made',
    (addresses) => {
      for (const all of [true, false]) {
        const [error] = ask(addresses, all);
        expect(error).toMatchObject({ code: ADDRESS_REFUSED });
        expect(String(error)).toContain('PROXY_UPSTREAM_ALLOW_CIDRS');
        expect(failureOf(error)).toBe('refused');
      }
    },
  );

  it('passes the resolver’s own error on', () => {
    const error = Object.assign(new Error('nobody'), { code: 'ENOTFOUND' });
    expect(ask(error, true)[0]).toBe(error);
  });
});
