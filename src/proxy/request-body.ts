import type { IncomingMessage } from 'node:http';
import { ProxyError } from '../common/errors.js';
import { BodyCollector } from '../common/body-collector.js';
import { afterNextPoll } from './second-look.js';

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
 * it is read. `onBytes` hears of each piece before it is kept and may throw. Throws `body_too_large`, `body_timeout`,
 * what `onBytes` throws, or {@link ClientGone}.
 */
export function readBody(
  req: IncomingMessage,
  limits: BodyLimits,
  onBytes: (bytes: number) => void,
): Promise<Buffer> {
  declaredLength(req, limits.maxBodyBytes);
  return new Promise((resolve, reject) => {
    const body = new BodyCollector();
    let settled = false;
    const settle = (failure: Error | null): void => {
      if (settled) return;
      settled = true;
      clearTimeout(idle);
      clearTimeout(total);
      req.off('data', onData).off('end', onEnd).off('close', onGone).off('error', onGone);
      if (failure === null) {
        resolve(body.concat());
        return;
      }
      req.pause();
      reject(failure);
    };
    const onData = (chunk: Buffer): void => {
      if (body.size + chunk.length > limits.maxBodyBytes) return settle(tooLarge(limits.maxBodyBytes));
      try {
        onBytes(chunk.length);
      } catch (error: unknown) {
        return settle(error instanceof Error ? error : new Error('the body was refused', { cause: error }));
      }
      body.push(chunk);
      idle.refresh();
    };
    const onEnd = (): void => settle(null);
    const onGone = (): void =>
      settle(new ClientGone('the client closed the connection while sending its body'));
    const idle = lateAfter(limits.bodyIdleTimeoutMs, SILENT, () => body.size, settle);
    const total = lateAfter(limits.bodyTotalTimeoutMs, SLOW, () => 0, settle);
    req.on('data', onData).on('end', onEnd).on('close', onGone).on('error', onGone);
  });
}

const SILENT = ['was silent for more than', 'PROXY_BODY_IDLE_TIMEOUT_SECONDS'] as const;
const SLOW = ['took more than', 'PROXY_BODY_TIMEOUT_SECONDS'] as const;

/** `progress`: what changes with bytes that the limit must not count, having been there unread. */
function lateAfter(
  ms: number,
  [what, variable]: readonly [string, string],
  progress: () => number,
  settle: (failure: ProxyError) => void,
): NodeJS.Timeout {
  const fail = (): void =>
    settle(
      new ProxyError(
        'body_timeout',
        `The request body ${what} ${ms / 1000} s (${variable}). Send it faster.`,
      ),
    );
  const strike = (): void => {
    const before = progress();
    afterNextPoll(() => {
      if (progress() === before) fail();
    });
  };
  return setTimeout(strike, ms).unref();
}
