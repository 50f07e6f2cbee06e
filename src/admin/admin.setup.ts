import type { IncomingMessage } from 'node:http';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import helmet from 'helmet';
import { ProxyError } from '../common/errors.js';
import { AccessCheck, READING_METHODS } from './access-check.service.js';
import { buildOpenApiDocument } from './openapi.js';
import { OpenApiSource } from './openapi.source.js';

/** Express answers OPTIONS by itself, ahead of every guard; the rest has no handlers. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']);
const MAX_ADMIN_BODY = '1mb';
const ADMIN_PATH = /^\/admin(?:[/?]|$)/i;
const JSON_TYPE = /^application\/json\b/i;

/**
 * Everything Express needs for the admin side: headers, the JSON parser and the documents. The app must have been
 * created with `bodyParser: false`: nothing may read bodies outside /admin.
 */
export function configureAdmin(app: NestExpressApplication): void {
  app.disable('x-powered-by');
  app.use(securityHeaders());
  app.use(refuseOddMethods);
  app.use('/admin', neverCached);
  app.use('/admin', checkedBeforeBody(app.get(AccessCheck)));
  app.useBodyParser('json', { limit: MAX_ADMIN_BODY, type: isAdminJson });
  app.get(OpenApiSource).use(() => buildOpenApiDocument(app));
}

/** Without inline code or styles anywhere, so a stored value that reaches a page as markup still runs nothing. */
function securityHeaders(): ReturnType<typeof helmet> {
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        connectSrc: ["'self'"],
        imgSrc: ["'self'", 'data:'],
        baseUri: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
    // Whoever terminates TLS decides this; on localhost it would lock people out of http.
    strictTransportSecurity: false,
    referrerPolicy: { policy: 'no-referrer' },
    xFrameOptions: { action: 'deny' },
  });
}

function refuseOddMethods(req: Request, _res: Response, next: NextFunction): void {
  if (METHODS.has(req.method)) next();
  else next(new ProxyError('method_not_allowed', `${req.method} is not answered here.`));
}

/**
 * A caller without access is told so before a byte of its body is read. The guard then looks closer: some routes want
 * more than their method tells.
 */
function checkedBeforeBody(access: AccessCheck): RequestHandler {
  return (req, _res, next) => {
    access.check(req, READING_METHODS.has(req.method) ? 'telemetry' : 'admin');
    next();
  };
}

/** The parser reads a body only where a controller wants one. */
function isAdminJson(req: IncomingMessage): boolean {
  return ADMIN_PATH.test(req.url ?? '') && JSON_TYPE.test(req.headers['content-type'] ?? '');
}

function neverCached(_req: Request, res: Response, next: NextFunction): void {
  res.setHeader('cache-control', 'no-store');
  next();
}
