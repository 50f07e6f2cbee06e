const PROXY_PREFIX = '/v1/';

/** `/v1` itself, anything below it, and its absolute-form and double-slash spellings: all refused or served there. */
export function isProxyPath(url: string | undefined): boolean {
  return url !== undefined && (url.startsWith(PROXY_PREFIX) || url === '/v1' || url.startsWith('/v1?'));
}
