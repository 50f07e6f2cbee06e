import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProxyError } from '../common/errors.js';
import { matchRoute } from './route-grammar.js';

function refusal(method: string, url: string): string {
  try {
    const route = matchRoute(method, url);
    return `accepted ${route.upstreamPath}`;
  } catch (error: unknown) {
    if (error instanceof ProxyError) return error.code;
    throw error;
  }
}

describe('matchRoute', () => {
  it.each([
    ['POST', '/v1/responses', 'create', null, null, true],
    ['POST', '/v1/responses?beta=true', 'create', null, null, true],
    ['POST', '/v1/responses/compact', 'compact', null, null, true],
    ['POST', '/v1/responses/compact?beta=true', 'compact', null, null, true],
    ['POST', '/v1/responses/input_tokens', 'input_tokens', null, null, true],
    ['GET', '/v1/responses/resp_1', 'response', 'resp_1', null, false],
    [
      'GET',
      '/v1/responses/resp_1?stream=true&starting_after=3&include[]=a',
      'response',
      'resp_1',
      null,
      false,
    ],
    ['DELETE', '/v1/responses/resp_1', 'response', 'resp_1', null, false],
    ['POST', '/v1/responses/resp_1/cancel', 'response', 'resp_1', null, false],
    ['GET', '/v1/responses/resp_1/input_items?limit=2', 'response', 'resp_1', null, false],
    ['PATCH', '/v1/responses/resp_1', 'response', 'resp_1', null, true],
    ['POST', '/v1/responses/resp_1/future/thing', 'response', 'resp_1', null, true],
    ['POST', '/v1/conversations', 'conversations', null, null, true],
    ['GET', '/v1/conversations/conv_1', 'conversation', null, 'conv_1', false],
    ['POST', '/v1/conversations/conv_1/items', 'conversation', null, 'conv_1', true],
    ['DELETE', '/v1/conversations/conv_1/items/msg_1', 'conversation', null, 'conv_1', false],
    ['GET', '/v1/models', 'models', null, null, false],
    ['GET', '/v1/models?client_version=0.169.0', 'models', null, null, false],
    ['GET', '/v1/models/ft:gpt-4.1-mini:org::abc', 'model', null, null, false],
    ['GET', '/v1/responses/...', 'response', '...', null, false],
  ])('%s %s', (method, url, kind, responseId, conversationId, hasBody) => {
    expect(matchRoute(method, url)).toEqual({
      kind,
      method,
      upstreamPath: url.slice('/v1'.length),
      pathWithoutQuery: url.split('?')[0],
      responseId,
      conversationId,
      idempotent: method === 'GET',
      hasBody,
    });
  });

  it.each([
    ['DELETE', '/v1/models/ft:gpt-4.1:o::x'],
    ['GET', '/v1/responses'],
    ['PUT', '/v1/responses'],
    ['PATCH', '/v1/responses'],
    ['HEAD', '/v1/models'],
    ['OPTIONS', '/v1/responses'],
    ['TRACE', '/v1/responses/resp_1'],
    ['PUT', '/v1/responses/resp_1'],
    ['HEAD', '/v1/responses/resp_1'],
    ['GET', '/v1/responses/compact'],
    ['DELETE', '/v1/responses/input_tokens'],
    ['GET', '/v1/conversations'],
    ['POST', '/v1/models'],
    ['POST', '/v1/models/gpt-5'],
    ['post', '/v1/responses'],
    ['', '/v1/responses'],
  ])('%s %s is not allowed', (method, url) => {
    expect(refusal(method, url)).toBe('method_not_allowed');
  });

  const long = 'a'.repeat(257);
  it.each([
    '/',
    '',
    '/v1',
    '/v1/',
    '/v1//',
    '/v1?x=1',
    '/V1/responses',
    '/v2/responses',
    '/v1/Responses',
    '/v1/chat/completions',
    '/v1/files',
    '/v1/files/file_1/content',
    '/v1/organization/admin_api_keys',
    '/v1/responses/',
    '/v1/responses//',
    '/v1/responses//resp_1',
    '//v1/responses',
    '//evil.example/v1/responses',
    '///v1/responses',
    '/v1/responses/resp_1/',
    '/v1/responses/./resp_1',
    '/v1/responses/.',
    '/v1/responses/..',
    '/v1/responses/../files',
    '/v1/responses/../../admin',
    '/v1/../v1/responses',
    '/../v1/responses',
    '/v1/responses/resp_1/../../files',
    '/v1/responses/%2e%2e/files',
    '/v1/responses/%2E%2E%2Ffiles',
    '/v1/responses/..%2ffiles',
    '/v1/responses/..%5cfiles',
    '/v1/responses/%252e%252e/files',
    '/v1/responses/.%2e/files',
    '/v1/responses/resp%5f1',
    '/v1/%72esponses',
    '/v1/responses/..;/files',
    '/v1/responses/resp_1;x=1',
    '/v1/responses;x=1',
    '/v1/responses/..\\files',
    '/v1\\responses',
    '\\v1\\responses',
    '/v1/responses/resp_1#frag',
    '/v1/responses#?x=1',
    '/v1/responses/resp 1',
    '/v1/responses/resp\t1',
    '/v1/responses/resp\r\nx-evil: 1',
    '/v1/responses/resp\n1',
    '/v1/responses/resp\0',
    '/v1/responses/resp_1\x7f',
    '/v1/responses/résp',
    '/v1/responses/\uff0e\uff0e/files',
    '/v1/responses/\u2025/files',
    '/v1/responses/resp@evil.example',
    '/v1/responses/resp_1,resp_2',
    '/v1/responses/*',
    '/v1/responses/$(id)',
    "/v1/responses/'or'1",
    '/v1/responses/<x>',
    '/v1/responses/a|b',
    '/v1/responses/a^b',
    '/v1/responses/a&b',
    '/v1/responses/a+b',
    '/v1/responses/a=b',
    '/v1/responses/~root',
    '/v1/responses/compact/x',
    '/v1/responses/input_tokens/x',
    '/v1/responses/a/b/c/d',
    `/v1/responses/${long}`,
    `/v1/responses/a/${long}`,
    `/v1/responses/${'a/'.repeat(50_000)}`,
    '/v1/models/a/b',
    '/v1/models/..',
    '/v1/conversations/..',
    '/v1/conversations/conv_1/',
    '/v1/responses/resp_1?a=b#c',
    '/v1/responses/resp_1?a=b c',
    '/v1/responses/resp_1?a=\r\nhost:evil',
    '/v1/responses/resp_1?a=\0',
    '/v1/responses/resp_1?a=é',
    `/v1/responses/resp_1?${'a'.repeat(4096)}`,
    'http://evil.example/v1/responses',
    'https://api.openai.com/v1/responses',
    'v1/responses',
    '*',
    '@evil.example/v1/responses',
    ':80/v1/responses',
    'evil.example:443',
    '/v1@evil.example/responses',
    '/v1/responses@evil.example',
  ])('refuses %j', (url) => {
    for (const method of ['GET', 'POST', 'DELETE', 'PATCH'])
      expect(['unknown_route', 'invalid_path', 'method_not_allowed']).toContain(refusal(method, url));
  });

  it('says what exists when it knows no route, and why when a path is refused', () => {
    expect(() => matchRoute('POST', '/v1/chat/completions')).toThrow('POST /v1/responses');
    expect(() => matchRoute('GET', '/v1/responses/resp_1/')).toThrow('trailing slash');
    expect(() => matchRoute('GET', '/v1/responses')).toThrow('WebSocket');
  });

  it('passes a query of 4096 bytes as it is', () => {
    const query = `?${'q'.repeat(4095)}`;
    expect(matchRoute('GET', `/v1/models${query}`).upstreamPath).toBe(`/models${query}`);
    expect(matchRoute('GET', '/v1/models?').upstreamPath).toBe('/models?');
    expect(matchRoute('GET', '/v1/models?a=../../x&b=%2e%2e').upstreamPath).toBe(
      '/models?a=../../x&b=%2e%2e',
    );
  });

  it('never builds a path that leaves the base, whatever it is given', () => {
    const piece = fc.constantFrom(
      'responses',
      'models',
      'conversations',
      'compact',
      'resp_1',
      '..',
      '.',
      '%2e',
      '%2f',
      '/',
      '//',
      '\\',
      ';',
      '?',
      '#',
      '@',
      ':',
      ' ',
      '\r\n',
      '\0',
      'é',
      '…',
      'http://',
      'evil.example',
      '=',
      '&',
      '%',
      '%5c',
      'a',
    );
    const base = new URL('https://upstream.example/base/v1');
    const url = fc.array(fc.oneof({ weight: 5, arbitrary: piece }, fc.string({ maxLength: 3 })), {
      maxLength: 9,
    });
    const family = fc.constantFrom('', 'responses/', 'responses/resp_1', 'models/', 'conversations/');
    let accepted = 0;
    fc.assert(
      fc.property(fc.constantFrom('GET', 'POST', 'DELETE'), family, url, (method, head, parts) => {
        const target = `/v1/${head}${parts.join('')}`;
        let path: string;
        try {
          path = matchRoute(method, target).upstreamPath;
        } catch (error: unknown) {
          expect(error).toBeInstanceOf(ProxyError);
          return;
        }
        accepted++;
        const built = new URL(base.href + path);
        expect(built.origin).toBe(base.origin);
        expect(built.hash).toBe('');
        // Whatever a URL parser makes of it is what was written.
        expect(built.pathname).toBe(`/base/v1${path.split('?')[0]}`);
        expect(built.pathname).toMatch(/^\/base\/v1\/(responses|models|conversations)(\/|$)/);
      }),
      { numRuns: 20_000 },
    );
    expect(accepted).toBeGreaterThan(100);
  });
});
