import {
  Catch,
  HttpException,
  Inject,
  Optional,
  type ArgumentsHost,
  type ExceptionFilter,
} from '@nestjs/common';
import type { Request, Response } from 'express';
import type { Clock } from '../common/clock.js';
import { ProxyError } from '../common/errors.js';
import { newId } from '../common/ids.js';
import type { Logger } from '../common/logger.js';
import { CLOCK, LOGGER } from '../common/tokens.js';
import { AdminRefusals } from './admin-refusals.service.js';

/** Every error of every Nest route leaves here, in OpenAI's shape. The hot path does not come this way. */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  constructor(
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(CLOCK) private readonly clock: Clock,
    /** A worker has no admin routes. */
    @Optional() private readonly refusals?: AdminRefusals,
  ) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const req = http.getRequest<Request>();
    const res = http.getResponse<Response>();
    const error = toProxyError(thrown) ?? this.#unknown(thrown, req);
    if (res.headersSent) {
      // The answer has begun: breaking it off is the only honest signal left.
      res.destroy();
      return;
    }
    this.refusals?.note(error, asksForSignIn(req));
    if (error.status === 401) res.setHeader('www-authenticate', 'Bearer');
    res.status(error.status).set(error.toHeaders()).json(error.toBody());
  }

  /** The caller gets an id to quote, the log gets the cause. */
  #unknown(thrown: unknown, req: Request): ProxyError {
    const id = newId('evt', this.clock.now());
    this.logger.error({ id, method: req.method, path: req.path, err: thrown }, 'request failed unexpectedly');
    return new ProxyError('internal_error', `Something went wrong here; the log has the cause under ${id}.`, {
      cause: thrown,
    });
  }
}

/** The dashboard's first request; with a token, right or wrong, it is like any other, and so is one that would change something. */
function asksForSignIn({ method, headers }: Request): boolean {
  return (
    method === 'GET' && headers['x-dashboard-sign-in'] !== undefined && headers.authorization === undefined
  );
}

/** Null for whatever nobody expected. */
export function toProxyError(thrown: unknown): ProxyError | null {
  if (thrown instanceof ProxyError) return thrown;
  const status = statusOf(thrown);
  switch (status) {
    case 400:
      return new ProxyError(
        'invalid_json',
        'The request could not be read: it wants one JSON document, UTF-8.',
      );
    case 404:
      return new ProxyError('not_found', 'No such route. GET /docs lists them all.');
    case 413:
      return new ProxyError('body_too_large', 'Bodies of admin requests may hold 1 MB.');
    case 415:
      return new ProxyError('unsupported_content_encoding', 'Send the body as plain UTF-8 JSON.');
    default:
      return null;
  }
}

/** Nest's own exceptions, and those of the body parser and of the router, which carry `status`. */
function statusOf(thrown: unknown): number | null {
  if (thrown instanceof HttpException) return thrown.getStatus();
  if (thrown instanceof URIError) return 404;
  if (thrown instanceof Error && 'status' in thrown && typeof thrown.status === 'number')
    return thrown.status;
  return null;
}
