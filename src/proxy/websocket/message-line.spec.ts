import { describe, expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import type { Message } from './hear.js';
import { MessageLine } from './message-line.js';

const message = (text: string): Message => ({ data: Buffer.from(text), binary: false });

function world(stallsAt: string) {
  const taken: string[] = [];
  const client = {
    paused: false,
    pause: () => (client.paused = true),
    resume: () => (client.paused = false),
  };
  let stalled = false;
  const line = new MessageLine(client as unknown as WebSocket, {
    take: ({ data }) => {
      taken.push(String(data));
      if (String(data) !== stallsAt) return;
      stalled = true;
      client.pause();
    },
    stalled: () => stalled,
    waited: () => undefined,
    emptied: () => undefined,
    over: () => false,
    abandon: () => undefined,
  });
  return { line, client, taken };
}

describe('MessageLine', () => {
  const wait = async ({ line }: ReturnType<typeof world>): Promise<void> => {
    const waiting = line.waitFor(
      Promise.resolve(),
      () => undefined,
      () => undefined,
    );
    for (const text of ['a', 'b', 'c']) line.arrived(message(text));
    await waiting;
  };

  it('reads the client again when nothing waits any more', async () => {
    const made = world('none');
    await wait(made);
    expect([made.taken, made.client.paused]).toEqual([['a', 'b', 'c'], false]);
  });

  it('leaves a client unread that the upstream cannot keep up with', async () => {
    const made = world('b');
    await wait(made);
    expect([made.taken, made.client.paused]).toEqual([['a', 'b', 'c'], true]);
  });
});
