const FIXED: ReadonlySet<string> = new Set([
  '/v1/responses',
  '/v1/responses/compact',
  '/v1/responses/input_tokens',
  '/v1/conversations',
  '/v1/models',
]);
const FAMILIES: ReadonlySet<string> = new Set(['responses', 'conversations', 'models']);
const BELOW_AN_ID: ReadonlySet<string> = new Set([
  'cancel',
  'compact',
  'input_items',
  'input_tokens',
  'items',
]);

/** The path with `{id}` for what is not part of its name; null for one that no route has: there are few of these. */
export function routeTemplate(path: string): string | null {
  if (FIXED.has(path)) return path;
  const [, version, family = '', id, below, more] = path.split('/');
  if (version !== 'v1' || !FAMILIES.has(family) || id === undefined) return null;
  const last = more === undefined ? '' : '/{id}';
  if (below === undefined) return `/v1/${family}/{id}`;
  return `/v1/${family}/{id}/${BELOW_AN_ID.has(below) ? below : '{what}'}${last}`;
}
