import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { newClientKey } from '../../src/registry/client-key-token.js';
import { bestOf } from './best-of.js';
import { FakeUpstream } from './fake-upstream.js';
import { leaksIn, secretsOf } from './leaks.js';
import { ProxyProcess } from './proxy-process.js';
import { SecretSearch } from './secret-search.js';
import { told } from './told-secrets.js';
import { until } from './until.js';

const directory = mkdtempSync(join(tmpdir(), 'rpx-leaks-'));
afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe('what a proxy leaves behind', () => {
  const secrets = secretsOf({
    OPENAI_API_KEYS: 'sk-test-a, sk-test-b',
    OPENAI_API_KEY_2: 'sk-test-c',
    PROXY_ADMIN_TOKEN: 'an-admin-token',
    PROXY_DATABASE_URL: 'postgres://user:pass%20word@127.0.0.1/db',
    PROXY_LOG_LEVEL: 'debug',
  });

  it.each([
    'sk-test-a',
    'sk-test-b',
    'sk-test-c',
    'an-admin-token',
    'pass word',
    'pass%20word',
    newClientKey(),
  ])('is searched for %s, in lines and in files of any depth', (secret) => {
    mkdirSync(join(directory, 'below'), { recursive: true });
    writeFileSync(
      join(directory, 'below', 'some.sqlite3'),
      Buffer.from(`\0\xff{"key":"${secret}"}`, 'latin1'),
    );
    const found = leaksIn(secrets, ['{"level":"info"}', `{"msg":"it is ${secret}"}`], directory);
    expect(found.map((leak) => leak.split(':')[0])).toEqual(['logged', 'stored']);
  });

  it.each(['sk-test-a', newClientKey()])(
    'is searched for %s where a column follows it in a file',
    (secret) => {
      const row = Buffer.from(`\x03\x1f\x0b${secret}gpt-5.5completed`, 'latin1');
      mkdirSync(directory, { recursive: true });
      writeFileSync(join(directory, 'some.sqlite3'), row);
      expect(leaksIn(secrets, [], directory).map((leak) => leak.split(':')[0])).toEqual(['stored']);
    },
  );

  const LONG = 'pk-9f8e7d6c5b4a39281706+f5e4/d3c2';
  const hex = Buffer.from(LONG).toString('hex');
  it.each([
    ['twelve characters of it', LONG.slice(9, 21)],
    ['it in reverse', [...LONG].reverse().join('')],
    ['part of it in base64', Buffer.from(`{"k":"${LONG}"}`).toString('base64').slice(16, 40)],
    ['base64 at another place', Buffer.from(`{"ke":"${LONG}"}`).toString('base64url')],
    ['base64 at a third', Buffer.from(`{"key":"${LONG}"}`).toString('base64url')],
    ['part of it in hex', hex.slice(11, 40)],
    ['it in capital hex', hex.toUpperCase()],
    ['it percent-encoded', hex.replaceAll(/../g, '%$&')],
    ['it in a URL', encodeURIComponent(LONG)],
    ['it as a list of bytes', JSON.stringify(Buffer.from(LONG))],
    ['it in gzip', gzipSync(JSON.stringify({ text: 'something else', LONG })).toString('latin1')],
  ])('is searched for %s, at any place of a file', (_what, form) => {
    mkdirSync(directory, { recursive: true });
    for (const before of [0, 1, 2, 3, 4, 5, 6, 7, 8]) {
      writeFileSync(join(directory, 'some'), Buffer.from(`${' '.repeat(before)}${form} `, 'latin1'));
      expect(leaksIn([LONG], [], directory)).toHaveLength(1);
    }
  });

  it('is searched for a short secret in its other spellings, too', () => {
    for (const coding of ['hex', 'base64'] as const)
      expect(leaksIn(['sk-test-a'], [Buffer.from('sk-test-a').toString(coding)], directory)).toHaveLength(1);
  });

  it('is searched in next to no time', () => {
    const keys = Array.from({ length: 20 }, () => newClientKey());
    const line = '{"level":"info","time":"2026-01-01T00:00:00.000Z","msg":"request","model":"gpt-5.5"}\n';
    const search = new SecretSearch([...secrets, ...keys]);
    const bytes = Buffer.from(line.repeat(12_000));
    const ms = bestOf(3, () => expect(search.find(bytes, true)).toBeNull());
    console.log(`a search of ${bytes.length} bytes takes ${ms.toFixed(1)} ms`);
    expect(ms).toBeLessThan(200);
  });

  it('is searched for the keys that requests told: of providers, behind references, of clients', async () => {
    const upstream = await FakeUpstream.start({ keys: ['sk-test-told'] });
    told.environment({ SOME_VARIABLE: 'value-of-a-variable' });
    for (const body of [{ api_key: 'posted "key"' }, { credential_ref: 'env:SOME_VARIABLE' }])
      await fetch(new URL('/admin/providers', upstream.baseUrl), {
        method: 'POST',
        body: JSON.stringify(body),
      });
    expect(told.all()).toEqual(expect.arrayContaining(['posted "key"', 'value-of-a-variable']));
    await upstream.stop();
  });

  it('may name what is not secret: other keys, the beginning of a client key, a setting', () => {
    const lines = [
      'sk-test-abc',
      newClientKey().slice(0, 10),
      'debug',
      'user@127.0.0.1',
      `rpx_${'a'.repeat(57)}`,
    ];
    expect(leaksIn(secrets, lines, directory)).toEqual([]);
  });

  it('fails the file whose proxy wrote a secret down, be it because a client said it', async () => {
    const upstream = await FakeUpstream.start({ keys: ['sk-test-leaks'] });
    const proxy = await ProxyProcess.start({ upstream, keys: ['sk-test-leaks'] });
    await fetch(`${proxy.v1}/responses`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'gpt-5.5', input: 'remember sk-test-leaks' }),
    });
    expect(proxy.leaks().filter((leak) => leak.startsWith('logged'))).toEqual([]);
    await until(() => proxy.leaks().length > 0);
    await expect(proxy.dispose()).rejects.toThrow(/told a secret:\nstored: /);
    await upstream.stop();
  });
});
