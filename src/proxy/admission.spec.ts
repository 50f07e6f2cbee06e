import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { ProxyError } from '../common/errors.js';
import { checkBodyHeaders, checkHead } from './admission.js';
import { ACCEPTED_CODINGS } from '../common/body-coding.js';

const codeOf = (act: () => unknown): string | null => {
  try {
    act();
    return null;
  } catch (error: unknown) {
    if (error instanceof ProxyError) return error.code;
    throw error;
  }
};
const request = (headers: Record<string, string>): IncomingMessage =>
  ({ headers }) as unknown as IncomingMessage;
const BODY = { 'content-type': 'application/json', 'content-length': '2' };

describe('what is let in', () => {
  it('refuses more header fields than the limit', () => {
    const many = Array.from({ length: 201 }, (_, i) => [`x-${i}`, '1']).flat();
    expect(codeOf(() => checkHead(many, 200))).toBe('too_many_headers');
    expect(codeOf(() => checkHead(many.slice(2), 200))).toBeNull();
  });

  it.each(['Authorization', 'content-type', 'Content-Encoding', 'HOST'])('refuses %s sent twice', (name) => {
    expect(codeOf(() => checkHead([name, 'a', name.toLowerCase(), 'b'], 200))).toBe('duplicate_header');
  });

  it.each([
    ['application/json', null],
    ['application/json; charset=utf-8', null],
    ['Application/JSON', null],
    ['application/vnd.api+json', null],
    ['text/plain', 'unsupported_media_type'],
    ['multipart/form-data; boundary=x', 'unsupported_media_type'],
    ['application/jsonp', 'unsupported_media_type'],
  ])('content-type %s → %s', (type, code) => {
    expect(codeOf(() => checkBodyHeaders(request({ 'content-type': type, 'content-length': '2' })))).toBe(
      code,
    );
  });

  it('wants no content type where there is no body', () => {
    expect(codeOf(() => checkBodyHeaders(request({})))).toBeNull();
    expect(codeOf(() => checkBodyHeaders(request({ 'content-length': '0' })))).toBeNull();
    expect(codeOf(() => checkBodyHeaders(request({ 'transfer-encoding': 'chunked' })))).toBe(
      'unsupported_media_type',
    );
  });

  it.each([
    ['gzip', 'gzip'],
    ['X-GZIP', 'gzip'],
    ['deflate', 'deflate'],
    [' br ', 'br'],
    ['identity', null],
    ['Identity', null],
  ])('content-encoding %s → %s', (encoding, coding) => {
    expect(checkBodyHeaders(request({ ...BODY, 'content-encoding': encoding }))).toBe(coding);
  });

  it.each([
    'compress',
    'gzip, br',
    'identity, gzip',
    'gzip,gzip',
    '*',
    'aes128gcm',
    '',
    'gzip;q=1',
    '__proto__',
  ])('refuses the content-encoding "%s" and names what is accepted', (encoding) => {
    const act = (): unknown => checkBodyHeaders(request({ ...BODY, 'content-encoding': encoding }));
    expect(codeOf(act)).toBe('unsupported_content_encoding');
    expect(act).toThrow(/gzip, deflate, br/);
  });

  it('reads zstd where Node does, and says what it takes where not', () => {
    const act = (): unknown => checkBodyHeaders(request({ ...BODY, 'content-encoding': 'zstd' }));
    if (ACCEPTED_CODINGS.includes('zstd')) expect(act()).toBe('zstd');
    else expect(act).toThrow(/Node 22\.15/);
  });
});
