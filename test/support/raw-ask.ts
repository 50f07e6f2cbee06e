import { connect } from 'node:net';

export interface RawAnswer {
  /** Of the first final answer; null when there was none. */
  readonly status: number | null;
  readonly text: string;
  /** Nobody answered and nobody closed. */
  readonly hung: boolean;
}

const FINAL = /^(?:HTTP\/1\.1 1(?!01)\d\d [^]*?\r\n\r\n)*HTTP\/1\.1 ([1-5]\d\d)/;

/** Sends bytes on a connection of its own and waits for one whole answer, or the end. Hundreds of these cost a second. */
export function askRaw(port: number, data: string | Buffer, timeoutMs = 5_000): Promise<RawAnswer> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect({ port, host: '127.0.0.1' }, () => socket.write(data));
    const done = (hung: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      const status = FINAL.exec(text)?.[1];
      resolve({ status: status === undefined ? null : Number(status), text, hung });
    };
    const timer = setTimeout(() => done(true), timeoutMs);
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      if (isWhole(text)) done(false);
    });
    socket.on('error', () => undefined);
    socket.on('close', () => done(false));
  });
}

function isWhole(text: string): boolean {
  const match = FINAL.exec(text);
  if (match === null) return false;
  const [head = '', body = ''] = text.slice(match[0].length).split(/\r\n\r\n(.*)/s);
  if (!text.slice(match[0].length).includes('\r\n\r\n')) return false;
  if (match[1] === '101' || match[1] === '204' || match[1] === '304') return true;
  const length = /content-length: (\d+)/i.exec(head)?.[1];
  return length === undefined ? body.endsWith('0\r\n\r\n') : body.length >= Number(length);
}
