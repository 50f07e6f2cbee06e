import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { ProxyError } from '../common/errors.js';
import { checkBodyHeaders, checkHead } from './admission.js';

const codeOf = (act: () => void): string | null => {
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

  it('refuses a coding it cannot read', () => {
    const json = { 'content-type': 'application/json', 'content-length': '2' };
    expect(codeOf(() => checkBodyHeaders(request({ ...json, 'content-encoding': 'zstd' })))).toBe(
      'unsupported_content_encoding',
    );
    expect(codeOf(() => checkBodyHeaders(request({ ...json, 'content-encoding': 'identity' })))).toBeNull();
  });
});
