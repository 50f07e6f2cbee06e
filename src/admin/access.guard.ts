import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request } from 'express';
import { ACCESS_KEY, type AccessPolicy } from '../common/access.js';
import { callerStanding, isForeignOrigin, refusalFor } from '../common/caller.js';
import type { Clock } from '../common/clock.js';
import { ProxyError } from '../common/errors.js';
import { CLOCK } from '../common/tokens.js';
import { APP_CONFIG, type AppConfig } from '../config/app-config.js';
import { AdminToken, bearerToken } from './admin-token.js';
import { BadTokenLimiter } from './bad-token-limiter.js';

const READING_METHODS = new Set(['GET', 'HEAD']);
/** What a form or a script of another site may send without asking first (Fetch, "CORS-safelisted content types"). */
const SIMPLE_TYPES = /^\s*(?:text\/plain|application\/x-www-form-urlencoded|multipart\/form-data)\b/i;
const FIX =
  'Set PROXY_ADMIN_TOKEN, restart and send it as "Authorization: Bearer <token>", or call from this machine.';
const TELEMETRY_FIX = `${FIX} PROXY_ANONYMOUS_ACCESS=telemetry opens reading to everybody.`;

/** The one gate in front of every Nest route: default deny, and a route that declares no policy is a bug that answers 500. */
@Injectable()
export class AccessGuard implements CanActivate {
  readonly #token: AdminToken | null;
  readonly #limiter = new BadTokenLimiter();

  constructor(
    private readonly reflector: Reflector,
    @Inject(APP_CONFIG) private readonly config: AppConfig,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.#token = config.adminToken === null ? null : new AdminToken(config.adminToken.reveal());
  }

  canActivate(context: ExecutionContext): boolean {
    const req = context.switchToHttp().getRequest<Request>();
    const policy = this.reflector.getAllAndOverride<AccessPolicy | undefined>(ACCESS_KEY, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (policy === undefined) {
      throw new ProxyError('internal_error', 'This route does not say who may call it, so nobody may.');
    }
    if (policy !== 'public') this.#checkCredential(req, policy);
    if (!READING_METHODS.has(req.method)) refuseCrossSite(req);
    return true;
  }

  #checkCredential(req: Request, policy: AccessPolicy): void {
    if (this.#token !== null) {
      this.#checkToken(req, this.#token);
      return;
    }
    const mayReadAnonymously = policy === 'telemetry' && this.config.anonymousAccess.has('telemetry');
    if (mayReadAnonymously && READING_METHODS.has(req.method)) return;
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
      );
    }
    const wait = this.#limiter.count(req.socket.remoteAddress ?? '', this.clock.monotonic());
    if (wait === null) throw new ProxyError('unauthorized', 'The bearer token is not PROXY_ADMIN_TOKEN.');
    throw new ProxyError('too_many_attempts', 'Too many wrong tokens from this address; wait a minute.', {
      retryAfterSeconds: wait,
    });
  }
}

/** A page of another site must change nothing here, whatever credential the browser would add. */
function refuseCrossSite(req: Request): void {
  if (isForeignOrigin(req.headers)) {
    throw new ProxyError('forbidden', 'State is changed by requests from this site or from programs only.');
  }
  if (SIMPLE_TYPES.test(req.headers['content-type'] ?? '')) {
    throw new ProxyError('unsupported_media_type', 'Send "Content-Type: application/json".');
  }
}
