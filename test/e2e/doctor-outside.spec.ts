import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { doctor, found } from '../support/doctor.js';
import { FakeUpstream } from '../support/fake-upstream.js';
import { freePort } from '../support/free-port.js';
import { Intermediary } from '../support/intermediary.js';
import { ProxyProcess } from '../support/proxy-process.js';

const TOKEN = 'admin-token-of-another-machine-0123456789';
const OUTSIDE = Object.values(networkInterfaces())
  .flat()
  .find((one) => one !== undefined && !one.internal && one.family === 'IPv4')?.address;

let upstream: FakeUpstream;
let proxy: ProxyProcess;
let front: Intermediary;
let home: string;

/** Nothing runs at HOST and PORT: a laptop, and the proxy elsewhere. */
beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'rpx-outside-'));
  upstream = await FakeUpstream.start({ keys: ['sk-test-outside'] });
  proxy = await ProxyProcess.start({
    upstream,
    keys: ['sk-test-outside'],
    env: { PROXY_ADMIN_TOKEN: TOKEN, PROXY_ANONYMOUS_ACCESS: 'proxy', PROXY_MAX_CAPTURE_BYTES: '0' },
  });
  front = await Intermediary.start(proxy.port, { forwards: true });
});
afterAll(async () => {
  await front.stop();
  await proxy.dispose();
  await upstream.stop();
  rmSync(home, { recursive: true, force: true });
});

const laptop = async (env: Record<string, string>, url: string) =>
  doctor({ HOME: home, PORT: String(await freePort()), ...env }, ['--url', url, '--idle', '0']);

/** Keeps what came with each request. */
async function listener(
  host: string,
): Promise<{ server: Server; port: number; seen: IncomingMessage['headers'][] }> {
  const seen: IncomingMessage['headers'][] = [];
  const server = createServer((req, res) => {
    seen.push(req.headers);
    req.resume();
    res.writeHead(404, { connection: 'close' }).end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return { server, port: (server.address() as { port: number }).port, seen };
}

describe('the doctor on a machine without the proxy', () => {
  it('finds nothing wrong with a proxy that is well, with a client key alone', async () => {
    const { json, code, stderr } = await laptop({ RPX_CLIENT_KEY: 'rpx-of-a-client' }, front.url);
    expect(json.findings.map(({ id }) => id)).toEqual(['doctor_outside']);
    expect([code, json.proxy, stderr]).toEqual([0, 'outside', '']);
    expect(found(json, 'doctor_outside')?.evidence.join()).toContain('PROXY_ADMIN_TOKEN is not set');
  });

  it('says where the admin token is refused, and does not examine the laptop instead', async () => {
    const { json } = await laptop({ PROXY_ADMIN_TOKEN: 'another-token-0123456789-0123456789' }, front.url);
    expect(found(json, 'doctor_unauthorized')).toBeDefined();
    expect(found(json, 'no_resources')).toBeUndefined();
    const { json: inside } = await laptop({ PROXY_ADMIN_TOKEN: TOKEN }, front.url);
    expect([inside.proxy, found(inside, 'capture_off')?.severity]).toEqual(['running', 'note']);
  });

  it('looks at what a start would find when nothing answers there either', async () => {
    const { json } = await laptop({}, `http://127.0.0.1:${await freePort()}`);
    const ids = json.findings.map(({ id }) => id);
    expect(ids).toEqual(expect.arrayContaining(['public_url_unreachable', 'process_not_running']));
  });

  it('tests with the client key rather than with the admin token', async () => {
    const { server, port, seen } = await listener('127.0.0.1');
    await laptop({ PROXY_ADMIN_TOKEN: TOKEN, RPX_CLIENT_KEY: 'rpx-key' }, `http://127.0.0.1:${port}`);
    server.close();
    const tests = seen.filter((headers) => headers['x-proxy-self-test'] !== undefined);
    expect(tests.map(({ authorization }) => authorization)).toEqual(['Bearer rpx-key']);
  });

  it.skipIf(OUTSIDE === undefined)(
    'does not send the admin token where it could be read on the way, and says so',
    async () => {
      const { server, port, seen } = await listener(OUTSIDE!);
      const { json } = await laptop({ PROXY_ADMIN_TOKEN: TOKEN }, `http://${OUTSIDE}:${port}`);
      server.close();
      expect(seen.length).toBeGreaterThan(0);
      expect(JSON.stringify(seen)).not.toContain(TOKEN);
      for (const id of ['public_url_unreachable', 'doctor_outside'])
        expect(found(json, id)?.evidence.join()).toContain('PROXY_ADMIN_TOKEN was not sent over plain http');
    },
  );
});

describe('the doctor where HOST is spelled in another way', () => {
  it('takes one that no URL can name for a place where nothing runs', async () => {
    const { json } = await doctor({ HOME: home, PORT: String(await freePort()), HOST: 'fe80::1%eth0' });
    expect(found(json, 'process_not_running')?.evidence.join()).toContain('fe80::1%eth0');
  });

  it('knows a Codex that points here', async () => {
    const port = String(await freePort());
    mkdirSync(join(home, '.codex'));
    writeFileSync(join(home, '.codex/config.toml'), `openai_base_url = "http://localhost:${port}/v1"\n`);
    const seen = ['localhost', '::', '0.0.0.0', '127.0.0.1'].map(async (HOST) => {
      const { json } = await doctor({ HOME: home, PORT: port, HOST });
      return [HOST, found(json, 'codex_elsewhere')] as const;
    });
    for (const [host, elsewhere] of await Promise.all(seen)) expect(elsewhere, host).toBeUndefined();
    const named = await doctor({ HOME: home, PORT: String(await freePort()) }, [
      '--url',
      `http://localhost:${port}`,
    ]);
    expect(found(named.json, 'codex_elsewhere')).toBeUndefined();
    rmSync(join(home, '.codex'), { recursive: true });
  });
});
