import { WebSocket } from 'ws';

const NOTHING = Buffer.alloc(0);

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

/**
 * Begins to read an upstream's connection. A failure is a close without a code. Returns what tells of a close that did not
 * matter when it came, for when it does again.
 */
export function hear(socket: WebSocket, { matters, onMessage, onClose }: Hearing): () => void {
  let missed: (() => void) | null = null;
  const closed = (code: number, reason: Buffer): void => {
    if (matters()) onClose(code, reason);
    else missed ??= () => onClose(code, reason);
  };
  socket.on('message', (data: Buffer, binary) => {
    if (matters()) onMessage({ data, binary });
  });
  socket.once('close', closed);
  socket.on('error', () => closed(1006, NOTHING));
  socket.resume();
  return () => {
    if (missed !== null) missed();
    else if (socket.readyState === WebSocket.CLOSED) closed(1006, NOTHING);
  };
}
