import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { listenFailure } from './listen-failure.js';

it('names the port and the variable when the port is taken', async () => {
  const holder = createServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  const { port } = holder.address() as AddressInfo;
  const second = createServer().listen(port, '127.0.0.1');
  const [error] = (await once(second, 'error').catch((e: unknown) => [e])) as [unknown];
  holder.close();
  expect(listenFailure(error, { host: '127.0.0.1', port })).toBe(
    `Port ${port} on 127.0.0.1 is already in use. Stop the process that has it, or set PORT to another port.`,
  );
});

it('leaves other errors alone', () => {
  expect(listenFailure(new Error('disk full'), { host: 'h', port: 1 })).toBeNull();
});
