import { describe, expect, it } from 'vitest';
import { checkHost } from './allowed-hosts.js';

const told = (
  host: string | undefined,
  anonymous: boolean,
  listed: readonly string[] = [],
): string | null => {
  try {
    checkHost(host, { server: { host: 'proxy.internal' }, allowedHosts: listed }, anonymous);
    return null;
  } catch (error: unknown) {
    return (error as Error).message;
  }
};
const OWN = ['localhost', '127.0.0.1:8000', '[::1]:8000', 'proxy.internal:80'];
const ADDRESSES = ['10.1.2.3:8000', '[fd00::7]:8000', '127.0.0.2'];
const FOREIGN = [
  'evil.example',
  '127.0.0.1.evil.example:8000',
  'localhost.evil.example',
  '',
  'a@evil.example',
];

describe('checkHost', () => {
  it.each([
    ...OWN,
    ...ADDRESSES,
    'responses-proxy:8000',
    'api_1',
    'host.docker.internal:8000',
    'a.b.svc',
    undefined,
  ])('lets callers without a credential ask for %s', (host) => expect(told(host, true)).toBeNull());
  it.each(FOREIGN)('does not let them ask for "%s", whose name a web page could have', (host) => {
    expect(told(host, true)).toMatch(/web page .*PROXY_ALLOWED_HOSTS/);
  });
  it.each(FOREIGN)('asks callers who need a credential for no name while none is listed ("%s")', (host) => {
    expect(told(host, false)).toBeNull();
  });

  const LISTED = ['proxy.example', '*.team.example'];
  it.each([true, false])('keeps everybody to the names that are listed (anonymous: %s)', (anonymous) => {
    for (const host of [
      ...OWN,
      ...ADDRESSES,
      'PROXY.example:443',
      'proxy.example.',
      'a.b.team.example',
      undefined,
    ])
      expect(told(host, anonymous, LISTED), host).toBeNull();
    for (const host of [...FOREIGN, 'team.example', 'xteam.example', 'sub.proxy.example', 'responses-proxy'])
      expect(told(host, anonymous, LISTED), host).toContain('PROXY_ALLOWED_HOSTS does not list');
  });
  it('takes a star for any name', () => {
    for (const host of FOREIGN) expect(told(host, true, ['*']), host).toBeNull();
  });
  it('says what to set, and repeats no name that is none', () => {
    expect(told('proxy.corp.example:8000', true)).toContain('(PROXY_ALLOWED_HOSTS=proxy.corp.example)');
    expect(told('<b>evil', true)).not.toContain('<b>');
  });
});
