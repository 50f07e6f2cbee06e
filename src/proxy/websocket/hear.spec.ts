import { EventEmitter } from 'node:events';
import { expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { hear } from './hear.js';

class Upstream extends EventEmitter {
  readyState: number = WebSocket.OPEN;
  readonly resume = (): void => undefined;

  close(code: number): void {
    this.readyState = WebSocket.CLOSED;
    this.emit('close', code, Buffer.from('because'));
  }
}

function listening(): { upstream: Upstream; told: unknown[]; matter: (yes: boolean) => void } {
  const [upstream, told] = [new Upstream(), [] as unknown[]];
  let matters = false;
  const missed = hear(upstream as unknown as WebSocket, {
    matters: () => matters,
    onMessage: () => undefined,
    onClose: (code, reason) => told.push([code, reason.toString()]),
  });
  const matter = (yes: boolean): void => {
    matters = yes;
    if (yes) missed();
  };
  return { upstream, told, matter };
}

it('tells of a close that came while it did not matter, as it was', () => {
  const { upstream, told, matter } = listening();
  upstream.close(4001);
  expect(told).toEqual([]);
  matter(true);
  expect(told).toEqual([[4001, 'because']]);
});

it('waits for the code of an upstream that is about to close', () => {
  const { upstream, told, matter } = listening();
  upstream.readyState = WebSocket.CLOSING;
  matter(true);
  expect(told).toEqual([]);
  upstream.close(4001);
  expect(told).toEqual([[4001, 'because']]);
});
