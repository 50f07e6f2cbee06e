import type { Facts } from './facts.js';

type Place = Pick<Facts, 'traffic' | 'process' | 'settings'>;

/** One word for a shell, whatever is in it. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** A question to the running proxy, or a change, as a command that can be run as it stands. */
export function adminCall(
  facts: Place,
  method: 'GET' | 'POST' | 'PATCH',
  path: string,
  body?: object,
): string {
  const words = [
    'curl -sS',
    ...(method === 'GET' ? [] : [`-X ${method}`]),
    quoted(`${baseUrlOf(facts)}/admin/${path}`),
    '-H "Authorization: Bearer $PROXY_ADMIN_TOKEN"',
    ...(body === undefined ? [] : [`-H 'content-type: application/json' -d ${quoted(JSON.stringify(body))}`]),
  ];
  return words.join(' ');
}

/** Asks upstreams again, of one key or of all: the running process, or else the doctor. */
export function askAgain(facts: Place, keyId: string | null): string {
  if (facts.traffic == null) return 'responses-proxy doctor';
  return adminCall(
    facts,
    'POST',
    keyId === null ? 'health/check' : `resources/${encodeURIComponent(keyId)}/probe`,
  );
}

/** Where the proxy is, or would be. */
export function baseUrlOf({ traffic, process, settings }: Place): string {
  return traffic?.baseUrl ?? process?.url ?? `http://127.0.0.1:${settings?.port ?? 8000}`;
}
