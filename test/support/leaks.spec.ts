import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { newClientKey } from '../../src/registry/client-key-token.js';
import { FakeUpstream } from './fake-upstream.js';
import { leaksIn, secretsOf } from './leaks.js';
import { ProxyProcess } from './proxy-process.js';
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
