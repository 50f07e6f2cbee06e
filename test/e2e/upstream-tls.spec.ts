import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Backend } from '../support/backend.js';
import { Certificates, hasOpenssl, type Certificate } from '../support/certificates.js';
import { LoadClient, type LoadEntry } from '../support/load-client.js';
import { ProxyProcess } from '../support/proxy-process.js';
import { describeWith } from '../support/skip.js';
import { SocketClient } from '../support/socket-client.js';

const HERE = 'IP:127.0.0.1,DNS:localhost';

describeWith(hasOpenssl(), 'openssl')('an upstream whose certificate', () => {
  let backend: Backend;
  let certificates: Certificates;
  const servers: Server[] = [];

  beforeAll(async () => {
    certificates = new Certificates();
    backend = await Backend.start();
  });
  afterAll(async () => {
    for (const server of servers) server.close();
    certificates.remove();
    await backend.stop();
  });

  /** One request through a proxy that trusts the test's authority; `arrivals` = requests that got through TLS. */
  async function ask(
    certificate: Certificate,
  ): Promise<{ seen: LoadEntry; upgrade: string; arrivals: number; reasons: string[]; output: string }> {
    let arrivals = 0;
    const server = createServer({ key: certificate.key, cert: certificate.cert }, (req, res) => {
      req.resume();
      if (req.method === 'POST') arrivals += 1;
      res.setHeader('content-type', 'application/json');
      res.end('{"id":"resp_tls","object":"response","status":"completed"}');
    }).listen(0, '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
    const proxy = await ProxyProcess.start({
      upstream: `https://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
      keys: ['sk-tls-1', 'sk-tls-2'],
      env: { ...backend.env, NODE_EXTRA_CA_CERTS: certificates.authority },
    });
    const client = new LoadClient(proxy.url);
    const seen = await client.send({ body: {} });
    const upgrade = await SocketClient.open(proxy.url).then(
      () => 'let in',
      (refusal: unknown) => (refusal as { readonly body: string }).body,
    );
    client.close();
    const { resources } = await proxy.state();
    const reasons = resources.map(({ health }) => (health as { reason: string }).reason);
    await proxy.dispose();
    return { seen, upgrade, arrivals, reasons, output: proxy.output };
  }

  it('is in order is served', async () => {
    const { seen, upgrade, arrivals } = await ask(certificates.signed(HERE));
    expect([seen.status, arrivals], seen.text).toEqual([200, 1]);
    expect(upgrade).toContain('upgrade_required');
  });

  it.each([
    ['is self-signed', () => certificates.selfSigned(HERE), /self-signed certificate/],
    ['has expired', () => certificates.signed(HERE, 0), /certificate has expired/],
    ['is for another host', () => certificates.signed('DNS:api.example.test'), /altnames|does not match/i],
  ])('%s gets no request and no key: 502 with the reason', async (_, make, reason) => {
    const certificate = make();
    // Past the second in which it was made: then a lifetime of 0 days is over.
    const made = Date.now();
    while (Date.now() < made + 1_100) await new Promise((resolve) => setTimeout(resolve, 50));
    const { seen, upgrade, arrivals, reasons, output } = await ask(certificate);
    expect([seen.status, arrivals], seen.text).toEqual([502, 0]);
    expect(seen.text).toContain('upstream_unreachable');
    expect(seen.text).toMatch(reason);
    // Class A over WebSocket, too: nothing had been sent.
    expect(upgrade).toContain('upstream_unreachable');
    expect(upgrade).toMatch(reason);
    // At the first refused certificate, not at the third.
    expect(reasons).toEqual(['unreachable', 'unreachable']);
    expect(output).not.toMatch(/unhandled|sk-tls/i);
  });
});
