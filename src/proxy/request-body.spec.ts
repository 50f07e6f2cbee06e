import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { readBody } from './request-body.js';

const LIMITS = { maxBodyBytes: 1_000, bodyIdleTimeoutMs: 15_000, bodyTotalTimeoutMs: 300_000 };

let req: PassThrough;
let body: Promise<string>;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  req = Object.assign(new PassThrough(), { headers: {} });
  body = readBody(req as unknown as IncomingMessage, LIMITS, () => undefined).then(String);
  body.catch(() => undefined);
});
afterEach(() => {
  vi.useRealTimers();
  req.destroy();
});

it.each([
  ['idle', LIMITS.bodyIdleTimeoutMs],
  ['total', LIMITS.bodyTotalTimeoutMs],
])('a body that was there when the %s limit struck, and only unread, is taken', async (_, ms) => {
  vi.advanceTimersByTime(ms);
  req.end('{}');
  expect(await body).toBe('{}');
});

it('a body of which only a part was there has its idle limit anew', async () => {
  vi.advanceTimersByTime(LIMITS.bodyIdleTimeoutMs);
  req.write('{');
  await new Promise(setImmediate);
  req.end('}');
  expect(await body).toBe('{}');
});

it('a body that is not there when a limit strikes is refused', async () => {
  vi.advanceTimersByTime(LIMITS.bodyIdleTimeoutMs);
  await expect(body).rejects.toThrow(/silent for more than 15 s \(PROXY_BODY_IDLE_TIMEOUT_SECONDS\)/);
});
