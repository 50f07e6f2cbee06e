import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocket } from 'ws';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { AddressRules } from '../../src/common/address-rules.js';
import { Secret } from '../../src/common/secret.js';
import { loadConfig } from '../../src/config/load-config.js';
import { checkBaseUrl } from '../../src/registry/base-url.js';
import { BEARER, type Resource } from '../../src/resources/resource.js';
import { ADDRESS_REFUSED } from '../../src/upstream/guarded-lookup.js';
import { UpstreamClient } from '../../src/upstream/upstream-client.js';

/** What the name resolves to at the moment. */
let points = '127.0.0.1';
vi.mock('node:dns', async (original) => ({
  ...(await original<typeof import('node:dns')>()),
  lookup: (_name: string, _options: object, callback: (error: null, found: object[]) => void) =>
    setImmediate(callback, null, [{ address: points, family: points.includes(':') ? 6 : 4 }]),
}));

const arrivals: string[] = [];
const server = createServer((req, res) => {
  arrivals.push(req.url ?? '');
  res.end('{}');
});
let port = 0;
const clients: UpstreamClient[] = [];

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ({ port } = server.address() as AddressInfo);
});
afterAll(async () => {
  await Promise.all(clients.map((client) => client.close()));
  server.close();
});

const clientWith = (cidrs: string): UpstreamClient => {
  const client = new UpstreamClient(loadConfig({ PROXY_UPSTREAM_ALLOW_CIDRS: cidrs }, '0.0.0').upstream);
  clients.push(client);
  return client;
};
const resource = (guarded: boolean): Resource => ({
  id: 'prov',
  fingerprint: 'f',
  source: 'registry',
  providerType: 'custom',
  origin: 'prov',
  poolId: null,
  weight: 1,
  organization: null,
  baseUrl: `http://rebind.example.com:${port}/v1`,
  apiKey: new Secret('sk-rebinding-canary'),
  auth: BEARER,
  guarded,
  healthPath: '/models',
  maxConcurrency: null,
});

it.each(['127.0.0.1', '10.0.0.1', '169.254.169.254', '::1', '::ffff:127.0.0.1', 'fd00:ec2::254', '0.0.0.0'])(
  'a name that was public when it was saved and then leads to %s is not connected to, by probe, trial or WebSocket',
  async (address) => {
    expect(checkBaseUrl('https://rebind.example.com/v1', new AddressRules([])).ok).toBe(true);
    points = address;
    const client = clientWith('');
    const probe = await client.probe(resource(true), '/models', 2_000);
    expect([probe.status, probe.error]).toEqual([
      null,
      expect.stringContaining('PROXY_UPSTREAM_ALLOW_CIDRS'),
    ]);
    expect((await client.ask(resource(true), '/models', 2_000)).failure?.kind).toBe('address_refused');
    const socket = new WebSocket(resource(true).baseUrl.replace('http', 'ws'), { lookup: client.lookup });
    const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe(ADDRESS_REFUSED);
    expect(arrivals).toEqual([]);
  },
);

it('the same name is connected to where the operator named its network: the test can tell', async () => {
  points = '127.0.0.1';
  expect((await clientWith('127.0.0.1/32').probe(resource(true), '/models', 2_000)).status).toBe(200);
  expect(arrivals.splice(0)).toEqual(['/v1/models']);
});
