import type { IncomingHttpHeaders } from 'node:http';
import { ProxyError } from './errors.js';

/** The part of an `IncomingMessage` the access rules read: no framework type, so the hot path and Nest share it. */
export interface CallerRequest {
  readonly socket: { readonly remoteAddress?: string | undefined };
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly httpVersionMinor?: number;
}

/** The part of the configuration they read. */
export interface CallerPolicy {
  readonly server: { readonly host: string };
  readonly anonymousAccess: ReadonlySet<string>;
}

/**
 * How far a caller without a credential is trusted:
 * - `loopback`: a program on this machine talking to us directly
 * - `remote`: another machine
 * - `forwarded`: a loopback socket with the marks of a reverse proxy: forwarding headers, or HTTP/1.0, which nginx
 *   speaks unless told otherwise. Behind one everybody has a loopback address, so these count as remote
 * - `foreign_host`: a loopback socket asking for a name that is not ours: a web page after DNS rebinding
 * - `foreign_origin`: a loopback socket driven by a page of another site
 */
export type CallerStanding = 'loopback' | 'remote' | 'forwarded' | 'foreign_host' | 'foreign_origin';

const FORWARDING_HEADER =
  /^(?:forwarded|via|x-real-ip|x-forwarded\b.*|x-envoy-.*|x-original-.*|cf-.*|(?:x-|true-|fastly-)?client-ip|x-cluster-client-ip)$/;
/** Names in 127/8 other than this one belong to somebody: service meshes deliver foreign traffic from 127.0.0.6. */
const LOOPBACK_IPV4 = /^127\.0\.0\.1$/;
const MAPPED_IPV4 = /^::ffff:/i;

export function isLoopbackAddress(address: string | undefined): boolean {
  if (address === undefined) return false;
  if (address === '::1') return true;
  return LOOPBACK_IPV4.test(address.replace(MAPPED_IPV4, ''));
}

/** Name part of a Host header or of an URL authority, lower case, without port, brackets or trailing dot. */
export function hostName(authority: string): string {
  const bracketed = /^\[([^\]]*)\](?::\d*)?$/.exec(authority);
  const name = bracketed?.[1] ?? authority.replace(/:\d*$/, '');
  return name.toLowerCase().replace(/\.$/, '');
}

/** Names that only this machine has, and `HOST`. */
export function isOwnHost(host: string | undefined, configuredHost: string): boolean {
  if (host === undefined) return false;
  const name = hostName(host);
  if (name === 'localhost' || name === '::1' || LOOPBACK_IPV4.test(name)) return true;
  return name !== '' && name === hostName(configuredHost);
}

const CROSS_SITE = new Set(['cross-site', 'same-site']);

/** True when a browser says that a page of another site made the request. Programs send no Origin. */
export function isForeignOrigin(headers: IncomingHttpHeaders): boolean {
  const origin = headers.origin;
  if (origin === undefined) return CROSS_SITE.has(String(headers['sec-fetch-site']));
  const authority = /^https?:\/\/(.+)$/i.exec(origin)?.[1];
  return authority?.toLowerCase() !== headers.host?.toLowerCase();
}

export function callerStanding(req: CallerRequest, configuredHost: string): CallerStanding {
  if (!isLoopbackAddress(req.socket.remoteAddress)) return 'remote';
  if (isForwarded(req)) return 'forwarded';
  if (!isOwnHost(req.headers.host, configuredHost)) return 'foreign_host';
  return isForeignOrigin(req.headers) ? 'foreign_origin' : 'loopback';
}

function isForwarded(req: CallerRequest): boolean {
  if (req.httpVersionMinor === 0) return true;
  for (const name in req.headers) if (FORWARDING_HEADER.test(name)) return true;
  return false;
}

/** The refusal that fits a caller who is not trusted; `fix` tells the operator how to let it in. */
export function refusalFor(standing: Exclude<CallerStanding, 'loopback'>, fix: string): ProxyError {
  switch (standing) {
    case 'remote':
      return new ProxyError('unauthorized', `Only callers on this machine may do this. ${fix}`);
    case 'forwarded':
      return new ProxyError(
        'unauthorized',
        `The request came through another proxy (it has forwarding headers), so it does not count as local. ${fix}`,
      );
    case 'foreign_host':
      return new ProxyError(
        'misdirected_host',
        `The Host header does not name this server; use http://127.0.0.1 or http://localhost. ${fix}`,
      );
    case 'foreign_origin':
      return new ProxyError('forbidden', `The request comes from a web page of another site. ${fix}`);
    default: {
      const never: never = standing;
      return never;
    }
  }
}

const PROXY_FIX = 'To let callers from elsewhere use /v1 set PROXY_ANONYMOUS_ACCESS=proxy and restart.';

/**
 * Who may use /v1 while no client key is registered: programs on this machine, everybody else only when the operator
 * says so. Answers the scope of the caller's bindings and records. Throws `unauthorized`, `misdirected_host` or
 * `forbidden`.
 */
export function checkProxyAccess(req: CallerRequest, config: CallerPolicy): { readonly callerId: string } {
  const standing = callerStanding(req, config.server.host);
  if (standing === 'loopback') return { callerId: 'loopback' };
  if (config.anonymousAccess.has('proxy')) return { callerId: 'anonymous' };
  throw refusalFor(standing, PROXY_FIX);
}
