import { describe, expect, it } from 'vitest';
import { adminAddress } from './admin-address.js';
import { UsageError } from './usage-error.js';

describe('the proxy that a command asks', () => {
  it.each([
    [undefined, {}, 'http://127.0.0.1:8000'],
    [undefined, { HOST: '0.0.0.0', PORT: '9000' }, 'http://127.0.0.1:9000'],
    [undefined, { HOST: '::1' }, 'http://[::1]:8000'],
    ['http://proxy.example:8000/', {}, 'http://proxy.example:8000'],
    ['https://proxy.example/rpx', {}, 'https://proxy.example/rpx'],
    ['https://proxy.example/rpx/v1', {}, 'https://proxy.example/rpx'],
    ['https://proxy.example/v1/', {}, 'https://proxy.example'],
  ])('%s with %j is %s: the path stays, nothing else there gets the token', (url, env, expected) => {
    expect(adminAddress(url, env).url).toBe(expected);
  });

  it.each(['proxy.example:8000', 'ftp://x', 'http://user:pass@x', ''])('%j is refused', (url) => {
    expect(() => adminAddress(url, {})).toThrow(UsageError);
  });
});
