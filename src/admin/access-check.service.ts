import { Inject, Injectable } from '@nestjs/common';
import type { Request } from 'express';
import type { AccessPolicy } from '../common/access.js';
import { checkHost } from '../common/allowed-hosts.js';
import { BadTokenLimiter } from '../common/bad-token-limiter.js';
import { bearerToken } from '../common/bearer-token.js';
import { callerStanding, refusalFor } from '../common/caller.js';
import type { Clock } from '../common/clock.js';
import { ProxyError } from '../common/errors.js';
import { CLOCK } from '../common/tokens.js';
import { APP_CONFIG, type AppConfig } from '../config/app-config.js';
import { AdminToken } from './admin-token.js';

export const READING_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD']);
const FIX =
  'Set PROXY_ADMIN_TOKEN, restart and send it as "Authorization: Bearer <token>", or call from this machine.';
const TELEMETRY_FIX = `${FIX} PROXY_ANONYMOUS_ACCESS=telemetry opens reading to everybody.`;

/** Whether a caller of an admin route has the credential, or the place, that the route wants. */
@Injectable()
export class AccessCheck {
  readonly #token: AdminToken | null;
  readonly #limiter = new BadTokenLimiter();

  constructor(
    @Inject(APP_CONFIG) private readonly config: AppConfig,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.#token = config.adminToken === null ? null : new AdminToken(config.adminToken.reveal());
  }

  /** Whoever reaches it may read, without a credential. */
  get readableByAll(): boolean {
    return this.#token === null && this.config.anonymousAccess.has('telemetry');
  }

  /** Throws what the caller is to be told. */
  check(req: Request, policy: Exclude<AccessPolicy, 'public'>): void {
    const anonymous = policy === 'telemetry' && this.readableByAll && READING_METHODS.has(req.method);
    checkHost(req.headers.host, this.config, anonymous);
    if (this.#token !== null) {
      this.#checkToken(req, this.#token);
      return;
    }
    if (anonymous) return;
    const standing = callerStanding(req, this.config.server.host);
    if (standing !== 'loopback') throw refusalFor(standing, policy === 'telemetry' ? TELEMETRY_FIX : FIX);
  }

  /** A right token always passes, also from an address that is over its limit: its neighbours must not lock it out. */
  #checkToken(req: Request, token: AdminToken): void {
    const presented = bearerToken(req);
    if (presented !== null && token.matches(presented)) return;
    if (presented === null) {
      throw new ProxyError(
        'unauthorized',
        'PROXY_ADMIN_TOKEN is configured and the request did not include the bearer token. ' +
          'Send it as "Authorization: Bearer <token>".',
        { param: 'authorization' },
      );
    }
    const wait = this.#limiter.count(req.socket.remoteAddress ?? '', this.clock.monotonic());
    if (wait === null)
      throw new ProxyError('unauthorized', 'The bearer token is not PROXY_ADMIN_TOKEN.', {
        param: 'authorization',
      });
    throw new ProxyError('too_many_attempts', 'Too many wrong tokens from this address; wait a minute.', {
      retryAfterSeconds: wait,
    });
  }
}
