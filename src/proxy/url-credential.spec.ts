import { describe, expect, it } from 'vitest';
import { credentialIn, storablePath } from './url-credential.js';

const encoded = (text: string): string => text.replaceAll('%', '%25');
const KEY = 'rpx_abcdefgh12345678';
const SOMEBODYS = 'sk-somebodys-own-key-00';

describe('a key in a URL', () => {
  it.each([
    [`/v1/responses/${KEY}`, '', 'a client key in its path'],
    ['/v1/responses/%72px_abcdefgh12345678', '', 'a client key in its path'],
    [encoded('/v1/responses/%72px%5Fabcdefgh12345678'), '', 'a client key in its path'],
    [`/v1/responses/${SOMEBODYS}`, '', 'a provider’s key in its path'],
    ['/v1/responses/sk%2Dsomebodys-own-key-00', '', 'a provider’s key in its path'],
    ['/v1/responses', `?note=see+${SOMEBODYS}`, 'a provider’s key in its query'],
    ['/v1/responses', '?note=see%20sk%2Dsomebodys-own-key-00', 'a provider’s key in its query'],
    ['/v1/responses', `?a=${KEY}`, 'a client key in its query'],
    ['/v1/responses', '?api%5Fkey=x', '"api_key" in its query'],
  ])('%s%s is found', (path, query, found) => {
    expect(credentialIn(path, query)).toBe(found);
  });

  it.each([
    '/v1/responses/resp_1',
    '/v1/models/ft:gpt-4.1:org::risk-assessment-of-everything',
    '/v1/models/sk-short',
    '/v1/models/task-0123456789abcdef0123',
    '/v1/%zz/%',
  ])('%s has none', (path) => {
    expect(credentialIn(path, `?after=${path.slice(4)}`)).toBeNull();
  });
});

describe('a path that no route has', () => {
  it.each([
    ['/wp-login.php', '/wp-login.php'],
    ['/v1/responses/resp%5f1', '/v1/responses/resp%5f1'],
    [`/v1/nowhere/${KEY}`, '/v1/nowhere/[secret]'],
    ['/v1/responses/%72px_abcdefgh12345678', '/v1/responses/[secret]'],
    [encoded('/v1/responses/%73k%2Dsomebodys-own-key-00'), '/v1/responses/[secret]'],
    [encoded(encoded(encoded('/v1/x/%72px_abcdefgh12345678'))), '/v1/x/'],
    ['/v1/100%', '/v1/100%'],
  ])('%s is stored as %s', (path, stored) => {
    expect(storablePath(path)).toBe(stored);
  });
});
