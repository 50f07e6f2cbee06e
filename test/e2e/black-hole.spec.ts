import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { platform } from 'node:os';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';
import { Backend } from '../support/backend.js';
import { LoadClient } from '../support/load-client.js';
import { ProxyProcess } from '../support/proxy-process.js';

const LISTENER = `
  const server = require('node:net').createServer();
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => console.log(server.address().port));
`;

/** A listener that is stopped and whose backlog is full: the kernel drops every further attempt to connect. */
async function blackHole(): Promise<{ port: number; close(): void }> {
  const child = spawn(process.execPath, ['-e', LISTENER], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const port = Number(line);
  child.kill('SIGSTOP');
  const fillers: Socket[] = [];
  for (;;) {
    const socket = connect({ port, host: '127.0.0.1' }).on('error', () => undefined);
    fillers.push(socket);
    const connected = await Promise.race([
      once(socket, 'connect').then(() => true),
      new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 300)),
    ]);
    if (!connected) break;
    if (fillers.length > 64) throw new Error('the backlog never fills');
  }
  return {
    port,
    close: (): void => {
      for (const socket of fillers) socket.destroy();
      child.kill('SIGKILL');
    },
  };
}

// What a full backlog does is the kernel's own: this is Linux's way.
it.skipIf(platform() !== 'linux')(
  'a connect into nothing ends with its own limit and names it',
  async () => {
    const hole = await blackHole();
    const backend = await Backend.start();
    const proxy = await ProxyProcess.start({
      upstream: `http://127.0.0.1:${hole.port}/v1`,
      keys: ['sk-hole-1', 'sk-hole-2'],
      env: { ...backend.env, PROXY_CONNECT_TIMEOUT_SECONDS: '1' },
    });
    const client = new LoadClient(proxy.url);
    const both = await Promise.all([false, true].map((stream) => client.send({ body: { stream } })));
    for (const seen of both) {
      expect(seen.status, seen.text).toBe(504);
      expect(seen.text).toContain('upstream_connect_timeout');
      expect(seen.text).toContain('PROXY_CONNECT_TIMEOUT_SECONDS');
      expect(seen.headers['x-should-retry']).toBe('true');
      // Nothing was sent, so the other key was tried as well.
      expect((seen.endedAt ?? 0) - seen.sentAt).toBeGreaterThan(1_500);
      expect((seen.endedAt ?? 0) - seen.sentAt).toBeLessThan(6_000);
    }
    client.close();
    await proxy.dispose();
    await backend.stop();
    hole.close();
  },
  30_000,
);
