import type { ServerResponse } from 'node:http';
import type { ProxyError } from '../common/errors.js';

/**
 * How long, and how much of, an upload nobody wants is read after its refusal: most clients look for an answer only when
 * they have sent everything. What is read is thrown away and costs no memory.
 */
const LINGER_MS = 2_000;
const LINGER_BYTES = 16 * 1024 * 1024;

/** An error answer of the upstream, as it was. */
export function sendHeldAnswer(res: ServerResponse, status: number, headers: string[], body: Buffer): void {
  if (res.destroyed || res.headersSent) return;
  res.writeHead(status, headers);
  res.end(body);
}

/**
 * An error of ours, OpenAI-shaped. When the request body has not been read to its end the connection is closed after
 * the answer, but not before the client had a chance to read it: closing on unread data would reset the connection.
 */
export function sendOwnError(res: ServerResponse, error: ProxyError, requestId: string): void {
  if (res.destroyed || res.headersSent) return;
  const body = Buffer.from(JSON.stringify(error.toBody()));
  const req = res.req;
  const unread = !req.complete;
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    'content-length': String(body.length),
    'x-proxy-request-id': requestId,
    ...error.toHeaders(),
  };
  if (unread || error.code === 'server_shutdown') res.shouldKeepAlive = false;
  res.writeHead(error.status, headers);
  if (!unread) {
    res.end(body);
    return;
  }
  res.write(body);
  let size = 0;
  const end = (): void => {
    clearTimeout(timer);
    req.off('data', count);
    res.end();
    res.socket?.destroySoon();
  };
  const count = (chunk: Buffer): void => {
    size += chunk.length;
    if (size > LINGER_BYTES) end();
  };
  const timer = setTimeout(end, LINGER_MS).unref();
  req.on('data', count).once('end', end).once('error', end);
  req.resume();
}
