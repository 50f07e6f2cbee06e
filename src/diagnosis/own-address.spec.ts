import { describe, expect, it } from 'vitest';
import { isReadableOnTheWay, ownAddress } from './own-address.js';

describe('addresses of this machine', () => {
  it.each([
    'http://localhost:8000/v1',
    'http://127.0.0.1:8000',
    'http://[::1]:8000',
    'http://0.0.0.0:8000',
    'http://[::]:8000',
  ])('%s is the same as 127.0.0.1:8000', (url) => {
    expect(ownAddress(url)).toBe('127.0.0.1:8000');
  });

  it.each([
    ['https://proxy.example.com/v1', 'proxy.example.com:443'],
    ['http://localhost', '127.0.0.1:80'],
    ['http://[fe80::1%eth0]:8000', ''],
    ['no address', ''],
  ])('%s is %s', (url, expected) => {
    expect(ownAddress(url)).toBe(expected);
  });

  it.each([
    ['http://proxy.example.com', true],
    ['http://localhost.example.com', true],
    ['http://192.168.1.5:8000', true],
    ['https://proxy.example.com', false],
    ['http://localhost:8000', false],
    ['http://127.0.0.1', false],
    ['http://[::1]:8000', false],
  ])('what is sent to %s can be read on the way: %s', (url, expected) => {
    expect(isReadableOnTheWay(url)).toBe(expected);
  });
});
