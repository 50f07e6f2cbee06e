import type { IncomingMessage } from 'node:http';
import { ProxyError } from '../common/errors.js';

export interface BodyLimits {
  readonly maxBodyBytes: number;
  readonly bodyIdleTimeoutMs: number;
  readonly bodyTotalTimeoutMs: number;
}

/** Thrown when the client went away while it was still sending: nobody is left to answer. */
export class ClientGone extends Error {
  override readonly name = 'ClientGone';
}

/** Length the client declared, or null (chunked). Throws `body_too_large` before a byte is read. */
export function declaredLength(req: IncomingMessage, maxBodyBytes: number): number | null {
  const header = req.headers['content-length'];
  if (header === undefined) return null;
  const length = Number(header);
  if (length > maxBodyBytes) throw tooLarge(maxBodyBytes);
  return length;
}

function tooLarge(maxBodyBytes: number): ProxyError {
  return new ProxyError(
    'body_too_large',
    `The request body is larger than ${maxBodyBytes} bytes. Raise PROXY_MAX_BODY_BYTES or send less.`,
  );
}

/**
 * The whole body as it came, in one buffer. Bounded in size, in silence and in total time; no resource is held while
 * it is read. Throws `body_too_large`, `body_timeout`, or {@link ClientGone}.
 */
export function readBody(req: IncomingMessage, limits: BodyLimits): Promise<Buffer> {
  declaredLength(req, limits.maxBodyBytes);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const settle = (result: Buffer | Error): void => {
      clearTimeout(idle);
      clearTimeout(total);
      req.off('data', onData).off('end', onEnd).off('close', onGone).off('error', onGone);
      if (result instanceof Error) {
        req.pause();
        reject(result);
      } else resolve(result);
    };
    const late = (what: string, ms: number, variable: string) => (): void =>
      settle(
        new ProxyError(
          'body_timeout',
          `The request body ${what} ${ms / 1000} s (${variable}). Send it faster.`,
        ),
      );
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      if (size > limits.maxBodyBytes) return settle(tooLarge(limits.maxBodyBytes));
      chunks.push(chunk);
      idle.refresh();
    };
    const onEnd = (): void =>
      settle(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks, size));
    const onGone = (): void =>
      settle(new ClientGone('the client closed the connection while sending its body'));
    const idle = setTimeout(
      late('was silent for more than', limits.bodyIdleTimeoutMs, 'PROXY_BODY_IDLE_TIMEOUT_SECONDS'),
      limits.bodyIdleTimeoutMs,
    ).unref();
    const total = setTimeout(
      late('took more than', limits.bodyTotalTimeoutMs, 'PROXY_BODY_TIMEOUT_SECONDS'),
      limits.bodyTotalTimeoutMs,
    ).unref();
    req.on('data', onData).on('end', onEnd).on('close', onGone).on('error', onGone);
  });
}
