import type { WebSocket } from 'ws';

export interface Message {
  readonly data: Buffer;
  readonly binary: boolean;
}

interface Hearing {
  /** What is heard does not matter while this is false. */
  readonly matters: () => boolean;
  readonly onMessage: (message: Message) => void;
  readonly onClose: (code: number, reason: Buffer) => void;
}

/** Begins to read an upstream's connection. A failure is a close without a code. */
export function hear(socket: WebSocket, { matters, onMessage, onClose }: Hearing): void {
  socket.on('message', (data: Buffer, binary) => {
    if (matters()) onMessage({ data, binary });
  });
  socket.once('close', (code, reason) => {
    if (matters()) onClose(code, reason);
  });
  socket.on('error', () => {
    if (matters()) onClose(1006, Buffer.alloc(0));
  });
  socket.resume();
}
