import type { LoadEntry } from './load-client.js';

export type Ids = { readonly response: string; readonly conversation: string; readonly item: string };
export interface Way {
  readonly name: string;
  readonly method: string;
  readonly path: (ids: Ids) => string;
  readonly body: ((ids: Ids) => Record<string, unknown>) | null;
}
const way = (name: string, method: string, path: Way['path'], body: Way['body'] = null): Way => ({
  name,
  method,
  path,
  body,
});

/** Every route and field of HTTP that takes an id. */
export const WAYS_TO_NAME_AN_ID: readonly Way[] = [
  way('retrieve', 'GET', ({ response: id }) => `/v1/responses/${id}`),
  way('stream', 'GET', ({ response: id }) => `/v1/responses/${id}?stream=true&starting_after=1`),
  way('input items', 'GET', ({ response: id }) => `/v1/responses/${id}/input_items?limit=5`),
  way('cancel', 'POST', ({ response: id }) => `/v1/responses/${id}/cancel`),
  way('delete', 'DELETE', ({ response: id }) => `/v1/responses/${id}`),
  way('conversation', 'GET', ({ conversation: id }) => `/v1/conversations/${id}`),
  way('its items', 'GET', ({ conversation: id }) => `/v1/conversations/${id}/items`),
  way(
    'its change',
    'POST',
    ({ conversation: id }) => `/v1/conversations/${id}`,
    () => ({ metadata: { a: 'b' } }),
  ),
  way('its end', 'DELETE', ({ conversation: id }) => `/v1/conversations/${id}`),
  ...['/v1/responses', '/v1/responses/compact', '/v1/responses/input_tokens'].flatMap((path): Way[] => [
    way(
      `${path} after`,
      'POST',
      () => path,
      (ids) => ({ previous_response_id: ids.response }),
    ),
    way(
      `${path} in`,
      'POST',
      () => path,
      (ids) => ({ conversation: ids.conversation }),
    ),
    way(
      `${path} in object`,
      'POST',
      () => path,
      (ids) => ({ conversation: { id: ids.conversation } }),
    ),
    way(
      `${path} of`,
      'POST',
      () => path,
      (ids) => ({ input: [{ type: 'item_reference', id: ids.item }] }),
    ),
  ]),
  way(
    'a conversation made of',
    'POST',
    () => '/v1/conversations',
    (ids) => ({ items: [{ type: 'item_reference', id: ids.item }] }),
  ),
  way(
    'without a type, and no role',
    'POST',
    () => '/v1/responses',
    (ids) => ({ input: [{ id: ids.item, role: null }] }),
  ),
];

/** What no client can tell from another answer, but for the id of the request. */
export function toldTo({ status, text, headers }: LoadEntry): unknown {
  const stable = Object.entries(headers).filter(([name]) => !['date', 'x-proxy-request-id'].includes(name));
  return { status, text, headers: Object.fromEntries(stable) };
}

export const UNKNOWN_IDS: Ids = {
  response: 'resp_unknown',
  conversation: 'conv_unknown',
  item: 'msg_unknown',
};
