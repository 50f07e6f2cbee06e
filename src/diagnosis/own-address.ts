import { isLoopbackHost } from './loopback-host.js';

const EVERYWHERE = new Set(['0.0.0.0', '[::]']);

/** Host and port, the same for all spellings of this machine; empty for what is no address (one with a zone, say). */
export function ownAddress(url: string): string {
  if (!URL.canParse(url)) return '';
  const { hostname, port, protocol } = new URL(url);
  const host = EVERYWHERE.has(hostname) || isLoopbackHost(hostname) ? '127.0.0.1' : hostname;
  return `${host}:${port || (protocol === 'https:' ? 443 : 80)}`;
}

/** Without a credential, a query or a slash at its end. */
export function shownAddress(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname.replace(/\/$/, '')}`;
}

/** What anybody on the way could read there must not be sent: plain http that leaves this machine. */
export function isReadableOnTheWay(url: string): boolean {
  if (!URL.canParse(url)) return true;
  const { hostname, protocol } = new URL(url);
  return protocol !== 'https:' && !isLoopbackHost(hostname);
}
