import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request } from 'express';
import { ACCESS_KEY, type AccessPolicy } from '../common/access.js';
import { isForeignOrigin } from '../common/caller.js';
import { ProxyError } from '../common/errors.js';
import { AccessCheck, READING_METHODS } from './access-check.service.js';

/** What a form or a script of another site may send without asking first (Fetch, "CORS-safelisted content types"). */
const SIMPLE_TYPES = /^\s*(?:text\/plain|application\/x-www-form-urlencoded|multipart\/form-data)\b/i;

/** The one gate in front of every Nest route: default deny, and a route that declares no policy is a bug that answers 500. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly access: AccessCheck,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    const req = context.switchToHttp().getRequest<Request>();
    const policy = this.reflector.getAllAndOverride<AccessPolicy | undefined>(ACCESS_KEY, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (policy === undefined) {
      throw new ProxyError('internal_error', 'This route does not say who may call it, so nobody may.');
    }
    if (policy !== 'public') this.access.check(req, policy);
    if (!READING_METHODS.has(req.method)) refuseCrossSite(req);
    return true;
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
