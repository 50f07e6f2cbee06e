import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AddressRules } from '../common/address-rules.js';
import { checkBaseUrl } from './base-url.js';

const NONE = new AddressRules([]);

/** Each has reached a place it should not in some product, or is a spelling of one. */
const HOSTILE = [
  '',
  'api.example.com/v1',
  '//api.example.com/v1',
  'ftp://api.example.com/v1',
  'file:///etc/passwd',
  'gopher://127.0.0.1:6379/_x',
  'javascript:alert(1)',
  'data:text/plain,x',
  'http:api.example.com',
  'https:///v1',
  'https://\\api.example.com',
  'https://api.example.com\\@127.0.0.1/',
  'http://api.example.com/v1',
  'https://user:pass@api.example.com/v1',
  'https://@api.example.com/v1',
  'https://api.example.com@127.0.0.1/v1',
  'https://api.example.com/v1?x=1',
  'https://api.example.com/v1#x',
  'https://api.example.com:0/v1',
  'https://api.example.com/v1/../admin',
  'https://api.example.com/v1/%2e%2e/admin',
  'https://api.example.com/v1%2fadmin',
  'https://api.example.com/v1\r\nx: y',
  'https://api.example.com/ v1',
  'https://ⓔxample.com/v1',
  'https://localhost/v1',
  'https://LOCALHOST:8080/v1',
  'https://x.localhost/v1',
  'https://metadata.google.internal/v1',
  'https://printer.local/v1',
  'https://redis/v1',
  'https://example.com./v1',
  'https://127.0.0.1/v1',
  'https://127.1/v1',
  'https://2130706433/v1',
  'https://0x7f000001/v1',
  'https://0177.0.0.1/v1',
  'https://0/v1',
  'https://10.0.0.1/v1',
  'https://169.254.169.254/latest',
  'https://[::1]/v1',
  'https://[::ffff:127.0.0.1]/v1',
  'https://[::ffff:a9fe:a9fe]/v1',
  'https://[fe80::1]/v1',
  'https://[fd00:ec2::254]/v1',
  'https://[64:ff9b::7f00:1]/v1',
  'https://1.1.1.1.in-addr.arpa/v1',
  `https://api.example.com/${'a'.repeat(3_000)}`,
];

describe('checkBaseUrl', () => {
  it.each(HOSTILE)('refuses %j', (text) => {
    expect(checkBaseUrl(text, NONE)).toMatchObject({
      ok: false,
      problem: expect.stringContaining('base_url'),
    });
  });

  it.each([
    ['https://api.openai.com/v1', 'https://api.openai.com/v1'],
    ['https://api.openai.com/v1/', 'https://api.openai.com/v1'],
    ['HTTPS://API.OpenAI.com:443/v1', 'https://api.openai.com/v1'],
    ['https://res.openai.azure.com/openai/v1', 'https://res.openai.azure.com/openai/v1'],
    ['https://openrouter.ai', 'https://openrouter.ai'],
    ['https://1.1.1.1:8443/v1', 'https://1.1.1.1:8443/v1'],
    ['https://[2606:4700::1111]/v1', 'https://[2606:4700::1111]/v1'],
  ])('stores %s as %s', (text, url) => {
    expect(checkBaseUrl(text, NONE)).toEqual({ ok: true, url });
  });

  it('lets plain http and private addresses through where their network is named, and metadata never', () => {
    const rules = new AddressRules(['10.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16']);
    expect(checkBaseUrl('http://10.1.2.3:11434/v1', rules)).toEqual({
      ok: true,
      url: 'http://10.1.2.3:11434/v1',
    });
    expect(checkBaseUrl('http://127.1:8000/v1', rules)).toEqual({
      ok: true,
      url: 'http://127.0.0.1:8000/v1',
    });
    for (const text of ['http://192.168.0.1/v1', 'http://1.1.1.1/v1', 'http://169.254.169.254/v1'])
      expect(checkBaseUrl(text, rules).ok).toBe(false);
  });

  it('stores nothing but an origin and a path, whatever it is given, and never throws', () => {
    const piece = fc.constantFrom(
      ...'abc.:/@?#%\\[]0127 -_~'.split(''),
      'https://',
      'http://',
      '169.254.169.254',
      '::1',
      '..',
      'api.example.com',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
        const result = checkBaseUrl(pieces.join(''), NONE);
        if (!result.ok) return;
        const url = new URL(result.url);
        expect([url.protocol, url.username, url.password, url.search, url.hash]).toEqual([
          'https:',
          '',
          '',
          '',
          '',
        ]);
        expect(result.url.endsWith('/')).toBe(false);
        expect(url.pathname).not.toMatch(/\/\.\.?(?:\/|$)/);
      }),
      { numRuns: 20_000 },
    );
  });
});
