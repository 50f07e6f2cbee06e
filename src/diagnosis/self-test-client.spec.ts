import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { SelfTestClient } from './self-test-client.js';

let server: Server | null = null;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

async function answering(how: (res: ServerResponse, req: IncomingMessage) => void): Promise<string> {
  const one = createServer((req, res) => how(res, req));
  server = one;
  await new Promise<void>((resolve) => one.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(one.address() as AddressInfo).port}`;
}

const MOST = { bytes: 1_000_000, ms: 30_000 };

describe('the self-test of an address that is not the proxy', () => {
  it('ends when the answer is larger than any of its own', async () => {
    let sent = 0;
    const url = await answering((res) => {
      const more = (): void => {
        while (!res.destroyed && res.write('x'.repeat(65_536))) sent += 65_536;
        sent += 65_536;
      };
      res.on('drain', more);
      more();
    });
    const { reach } = await new SelfTestClient(url, null, MOST).run(0);
    expect(reach).toEqual({ ok: false, said: 'it answered 200, and not as this proxy does' });
    expect(sent).toBeLessThan(50_000_000);
  });

  it('ends when the answer does not, however lively it is, and says that the stream is incomplete', async () => {
    const url = await answering((res, req) => {
      req.resume();
      if (String(req.headers['x-proxy-self-test']).startsWith('echo')) {
        res.end('{"headers":[],"body_bytes":0}');
        return;
      }
      const timer = setInterval(() => res.write(' '), 20);
      res.once('close', () => clearInterval(timer));
    });
    const { reach, stream } = await new SelfTestClient(url, null, { ...MOST, ms: 2_000 }).run(0);
    expect([reach.ok, stream]).toEqual([true, expect.objectContaining({ received: 0 })]);
  });
});
