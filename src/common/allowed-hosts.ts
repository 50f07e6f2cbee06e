import { isIP } from 'node:net';
import { hostName, isOwnHost } from './caller.js';
import { ProxyError } from './errors.js';

/** The part of the configuration that says how this server is called. */
export interface HostPolicy {
  readonly server: { readonly host: string };
  /** `PROXY_ALLOWED_HOSTS`, lower case; none = unset. */
  readonly allowedHosts: readonly string[];
}

/**
 * Throws `misdirected_host` for a name that this server is not called by, whatever credential the caller has to show.
 * `anonymous`: callers from anywhere are let in without one, so a web page whose name was made to lead here (DNS
 * rebinding) would be, too. Where a credential is wanted such a page has none, and any name will do unless the operator
 * listed some. A listed name narrows this; it does not make its callers local.
 */
export function checkHost(host: string | undefined, policy: HostPolicy, anonymous: boolean): void {
  const { allowedHosts, server } = policy;
  if (!anonymous && allowedHosts.length === 0) return;
  // A browser always sends one, and HTTP/1.1 without it is refused by the parser.
  if (host === undefined || allowedHosts.includes('*') || isOwnHost(host, server.host)) return;
  const name = hostName(host);
  // With an address in its place it is a page of that address, and of nobody else.
  if (isIP(name) !== 0 || isListed(name, allowedHosts)) return;
  if (allowedHosts.length === 0 && isLocalName(name)) return;
  throw foreignHost(name, allowedHosts.length > 0);
}

/** A container, a balancer's backend, a service of a cluster: nobody can register such a name for a web page. */
function isLocalName(name: string): boolean {
  return /^[\w-]+$/.test(name) || /\.(?:internal|localhost|home\.arpa|svc|cluster\.local)$/.test(name);
}

function isListed(name: string, listed: readonly string[]): boolean {
  return listed.some((one) => (one.startsWith('*.') ? name.endsWith(one.slice(1)) : one === name));
}

const SHOWABLE = /^[\w.-]{1,253}$/;

function foreignHost(name: string, listed: boolean): ProxyError {
  const shown = SHOWABLE.test(name) ? name : null;
  const why = listed
    ? 'which PROXY_ALLOWED_HOSTS does not list'
    : 'which is not known to be this server, and no credential is wanted here: a web page whose name was made to lead here could call it';
  return new ProxyError(
    'misdirected_host',
    `The Host header names ${shown ?? 'another server'}, ${why}. If callers are to use this name, add it to ` +
      `PROXY_ALLOWED_HOSTS${shown === null ? '' : ` (PROXY_ALLOWED_HOSTS=${shown})`} and restart.`,
  );
}
