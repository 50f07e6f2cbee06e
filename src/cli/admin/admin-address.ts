import type { AdminAddress } from './admin-client.js';
import { UsageError } from './usage-error.js';

/** The proxy that is meant: the one named, else the one that this environment would start. */
export function adminAddress(
  url: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): AdminAddress {
  const token = env['PROXY_ADMIN_TOKEN'] || null;
  if (url === undefined) {
    const host = env['HOST'] || '127.0.0.1';
    // Listening on every address is no address to call.
    const callable = ['0.0.0.0', '::'].includes(host) ? '127.0.0.1' : host;
    const literal = callable.includes(':') ? `[${callable}]` : callable;
    return { url: `http://${literal}:${env['PORT'] || '8000'}`, token };
  }
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed === null || !['http:', 'https:'].includes(parsed.protocol) || parsed.username !== '')
    throw new UsageError('--url must be an address like http://127.0.0.1:8000, without user or password.');
  // A proxy in front may have put it below a path: the token must not go to what else answers there.
  const path = parsed.pathname.replace(/\/(?:v1\/?)?$/, '');
  return { url: `${parsed.origin}${path}`, token };
}
