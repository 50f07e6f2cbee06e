import type { ArgumentsHost } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { ProxyError } from '../common/errors.js';
import { createLogger } from '../common/logger.js';
import { Secret } from '../common/secret.js';
import type { AppConfig } from '../config/app-config.js';
import { AdminRefusals } from './admin-refusals.service.js';
import { ErrorFilter } from './error.filter.js';

const clock = { now: () => 1, monotonic: () => 1 };
const config = { adminToken: new Secret('admin-token-0123456789') } as AppConfig;

/** How many refusals the doctor hears of. */
function heard(method: string, headers: Record<string, string>): number {
  const refusals = new AdminRefusals(clock, config);
  const res = { setHeader: () => res, status: () => res, set: () => res, json: () => res };
  const http = { getRequest: () => ({ method, headers }), getResponse: () => res };
  const host = { switchToHttp: () => http } as unknown as ArgumentsHost;
  const error = new ProxyError('unauthorized', 'no');
  new ErrorFilter(createLogger('silent'), clock, refusals).catch(error, host);
  return refusals.all().length;
}

describe('a refused admin request', () => {
  const signIn = { 'x-dashboard-sign-in': 'ask' };

  it.each([
    ['GET', {}, 1],
    ['GET', signIn, 0],
    ['GET', { ...signIn, authorization: 'Bearer wrong' }, 1],
    ['POST', signIn, 1],
    ['DELETE', signIn, 1],
    ['HEAD', signIn, 1],
  ])('%s with %j is told to the doctor: %i', (method, headers, times) => {
    expect(heard(method, headers)).toBe(times);
  });
});
