import type { IncomingHttpHeaders } from 'node:http';
import { describe, expect, it } from 'vitest';
import { callerStanding, checkProxyAccess, isLoopbackAddress } from './caller.js';
import { ProxyError } from './errors.js';

const request = (remoteAddress: string | undefined, headers: IncomingHttpHeaders = {}) => ({
  socket: { remoteAddress },
  headers: { host: '127.0.0.1:8000', ...headers },
  rawHeaders: [],
});

describe('isLoopbackAddress', () => {
  it.each(['127.0.0.1', '::1', '::ffff:127.0.0.1', '::FFFF:127.0.0.1'])('accepts %s', (address) => {
    expect(isLoopbackAddress(address)).toBe(true);
  });
  it.each([
    '10.0.0.1',
    '127.0.0.6',
    '::2',
    '::ffff:10.0.0.1',
    '1127.0.0.1',
    '127.0.0.1.evil.example',
    '',
    undefined,
  ])('refuses %s', (address) => {
    expect(isLoopbackAddress(address)).toBe(false);
  });
});

describe('callerStanding', () => {
  const standing = (headers: IncomingHttpHeaders, address = '127.0.0.1') =>
    callerStanding(request(address, headers), 'proxy.internal');

  it.each([
    'localhost',
    'LOCALHOST:8000',
    '127.0.0.1',
    '127.0.0.1:1',
    '[::1]:8000',
    'localhost.',
    'proxy.internal:80',
  ])('trusts a local program that asks for %s', (host) => {
    expect(standing({ host })).toBe('loopback');
  });
  it.each(['evil.example', '127.0.0.1.evil.example', 'localhost.evil.example:8000', '', '[::2]'])(
    'takes Host %s for DNS rebinding',
    (host) => {
      expect(standing({ host })).toBe('foreign_host');
    },
  );
  it.each(
    'x-forwarded-for forwarded x-real-ip x-forwarded-proto x-forwarded-client-cert x-envoy-external-address cf-connecting-ip true-client-ip x-client-ip x-original-url via'.split(
      ' ',
    ),
  )('does not trust a request with %s', (name) => {
    expect(standing({ [name]: '127.0.0.1' })).toBe('forwarded');
  });
  it('does not trust HTTP/1.0: that is how a reverse proxy speaks unless told otherwise', () => {
    const http10 = { ...request('127.0.0.1'), httpVersionMinor: 0 };
    expect(callerStanding(http10, '127.0.0.1')).toBe('forwarded');
  });
  it('refuses pages of other sites and opaque origins, not its own', () => {
    expect(standing({ origin: 'https://evil.example' })).toBe('foreign_origin');
    expect(standing({ origin: 'http://127.0.0.1:9000' })).toBe('foreign_origin');
    expect(standing({ origin: 'null' })).toBe('foreign_origin');
    expect(standing({ 'sec-fetch-site': 'cross-site' })).toBe('foreign_origin');
    expect(standing({ origin: 'http://127.0.0.1:8000' })).toBe('loopback');
  });
  it('knows another machine', () => {
    expect(standing({}, '192.0.2.7')).toBe('remote');
  });
});

describe('checkProxyAccess', () => {
  const config = (...access: string[]) => ({
    server: { host: '127.0.0.1' },
    anonymousAccess: new Set(access),
  });
  const codeOf = (run: () => unknown): string | null => {
    try {
      run();
      return null;
    } catch (error: unknown) {
      return error instanceof ProxyError ? error.code : 'other';
    }
  };

  it('names local callers and, when allowed, others', () => {
    expect(checkProxyAccess(request('::1'), config()).callerId).toBe('loopback');
    expect(checkProxyAccess(request('192.0.2.7'), config('proxy')).callerId).toBe('anonymous');
  });
  it('refuses everybody else, and telemetry access opens nothing', () => {
    expect(codeOf(() => checkProxyAccess(request('192.0.2.7'), config('telemetry')))).toBe('unauthorized');
    expect(codeOf(() => checkProxyAccess(request('127.0.0.1', { host: 'evil.example' }), config()))).toBe(
      'misdirected_host',
    );
    expect(() => checkProxyAccess(request('192.0.2.7'), config())).toThrow(/PROXY_ANONYMOUS_ACCESS=proxy/);
  });
});
