import { createServer } from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { FakeUpstream } from '../support/fake-upstream.js';
import { freePort } from '../support/free-port.js';
import { ProxyProcess } from '../support/proxy-process.js';

const KEYS = ['sk-start-one', 'sk-start-two', 'sk-start-three'];
let upstream: FakeUpstream;

beforeAll(async () => {
  upstream = await FakeUpstream.start({ keys: KEYS });
});

afterEach(() => ProxyProcess.stopAll());
afterAll(() => upstream.stop());

async function post(proxy: ProxyProcess, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${proxy.v1}/responses`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ model: 'gpt-5.5', input: 'x' }),
  });
}

describe('without any key', () => {
  it('starts, is not ready, and says which variables to set', async () => {
    const proxy = await ProxyProcess.start({ upstream });
    expect((await fetch(`${proxy.url}/healthz`)).status).toBe(200);
    const ready = await fetch(`${proxy.url}/readyz`);
    expect(ready.status).toBe(503);
    expect(await ready.text()).toMatch(/OPENAI_API_KEY/);
    const answer = await post(proxy);
    expect(answer.status).toBe(503);
    const { error } = (await answer.json()) as { error: { code: string; message: string } };
    expect(error.code).toBe('no_available_resources');
    expect(error.message).toMatch(/OPENAI_API_KEY/);
    expect(await proxy.stop()).toBe(0);
  });
});

describe('with keys', () => {
  it('is ready, and serves', async () => {
    const proxy = await ProxyProcess.start({ upstream, keys: KEYS });
    expect((await fetch(`${proxy.url}/readyz`)).status).toBe(200);
    expect((await post(proxy)).status).toBe(200);
  });

  it('reads every form of key variable and counts duplicates once', async () => {
    const proxy = await ProxyProcess.start({
      upstream,
      env: {
        OPENAI_API_KEY: KEYS[0],
        OPENAI_API_KEYS: `${KEYS[0]},${KEYS[1]}`,
        OPENAI_API_KEY_1: KEYS[1],
        OPENAI_API_KEY_7: KEYS[2],
      },
    });
    expect((await proxy.state()).resources.map((r) => r.id)).toEqual(['openai-1', 'openai-2', 'openai-3']);
  });

  it('keeps each resource’s id when another key is removed', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'rpx-ids-'));
    const proxy = await ProxyProcess.start({ upstream, keys: KEYS, dataDir });
    await proxy.restart({ keys: [KEYS[0] ?? '', KEYS[2] ?? ''] });
    expect((await proxy.state()).resources.map((r) => r.id).sort()).toEqual(['openai-1', 'openai-3']);
    upstream.ledger.clear();
    for (let i = 0; i < 8; i += 1) {
      const answer = await post(proxy);
      const id = answer.headers.get('x-proxy-resource-id');
      expect(upstream.ledger.last().key).toBe(id === 'openai-1' ? KEYS[0] : KEYS[2]);
    }
    await proxy.dispose();
    rmSync(dataDir, { recursive: true, force: true });
  });

  it('gives weighted keys their share', async () => {
    const proxy = await ProxyProcess.start({
      upstream,
      keys: KEYS,
      env: { OPENAI_RESOURCE_WEIGHTS: '1,1,6' },
    });
    upstream.ledger.clear();
    upstream.faults.set('*', 'fault:slow,ms=150');
    await Promise.all(Array.from({ length: 32 }, () => post(proxy)));
    upstream.faults.clear();
    const counts = upstream.ledger.countByKey();
    expect(counts.get(KEYS[2] ?? '')).toBeGreaterThanOrEqual(20);
    expect(counts.get(KEYS[0] ?? '')).toBeGreaterThanOrEqual(2);
  });

  it('routes by pool and names the pools there are', async () => {
    const proxy = await ProxyProcess.start({
      upstream,
      keys: KEYS,
      env: { OPENAI_RESOURCE_POOL_IDS: 'a,b,b' },
    });
    for (let i = 0; i < 6; i += 1) {
      await post(proxy, { 'x-pool-id': 'a' });
      expect(upstream.ledger.last().key).toBe(KEYS[0]);
    }
    const missing = await post(proxy, { 'x-proxy-pool-id': 'c' });
    expect(missing.status).toBe(503);
    const { error } = (await missing.json()) as { error: { code: string; message: string } };
    expect(error.code).toBe('no_available_resources');
    expect(error.message).toMatch(/\ba\b.*\bb\b/);
  });
});

describe('refuses to start', () => {
  it.each([
    [
      'weights that do not match the keys',
      { OPENAI_RESOURCE_WEIGHTS: '1,2' },
      /OPENAI_RESOURCE_WEIGHTS[^]*\b2\b[^]*\b3\b/,
    ],
    [
      'pools that do not match the keys',
      { OPENAI_RESOURCE_POOL_IDS: 'a,b,c,d' },
      /OPENAI_RESOURCE_POOL_IDS[^]*\b4\b[^]*\b3\b/,
    ],
    ['a port that is no number', { PORT: 'eight' }, /PORT/],
    ['an upstream that is no URL', { PROXY_UPSTREAM_BASE_URL: 'nonsense' }, /PROXY_UPSTREAM_BASE_URL/],
    ['a short encryption key', { PROXY_SECRET_ENCRYPTION_KEY: 'c2hvcnQ=' }, /PROXY_SECRET_ENCRYPTION_KEY/],
    ['an unknown log level', { PROXY_LOG_LEVEL: 'loud' }, /PROXY_LOG_LEVEL/],
  ])('%s', async (_, env, message) => {
    const proxy = await ProxyProcess.start({ upstream, keys: KEYS, env, wait: false });
    expect(await proxy.exited).not.toBe(0);
    expect(proxy.output).toMatch(message);
    expect(proxy.output).not.toContain('sk-start');
    expect(proxy.output).not.toContain('c2hvcnQ=');
  });

  it('a port somebody else has, naming it', async () => {
    const port = await freePort();
    const other = createServer().listen(port, '127.0.0.1');
    const proxy = await ProxyProcess.start({ upstream, keys: KEYS, port, wait: false });
    expect(await proxy.exited).not.toBe(0);
    expect(proxy.output).toContain(String(port));
    expect(proxy.output).toMatch(/in use|PORT/);
    other.close();
  });
});
