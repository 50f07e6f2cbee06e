import { signal } from '@preact/signals';

/** `#/requests/req_1?state=failed` → path `['requests', 'req_1']`. Behind the hash, so no server need know the pages. */
export interface Route {
  readonly path: readonly string[];
  readonly query: URLSearchParams;
}

export type QueryValues = Readonly<Record<string, string | number | null | undefined>>;

/** Stands where an id does; no id can be this. */
export const NEW = '+new';

export const route = signal<Route>(parse(location.hash));
/** How many pages have been gone to since the first: the first one must not take the focus. */
export const navigations = signal(0);

export function startRouter(): void {
  addEventListener('hashchange', () => {
    const before = route.value.path.join('/');
    route.value = parse(location.hash);
    if (route.value.path.join('/') !== before) navigations.value += 1;
  });
}

/** A path, or its segments, which may then hold anything. Values that are empty are left out. */
export function href(path: string | readonly string[], query: QueryValues = {}): string {
  const text = typeof path === 'string' ? path : `/${path.map(encodeURIComponent).join('/')}`;
  const search = changed(new URLSearchParams(), query).toString();
  return `#${text}${search === '' ? '' : `?${search}`}`;
}

export function go(path: string | readonly string[], query: QueryValues = {}): void {
  location.hash = href(path, query);
}

/** Changes parts of the query of the page that is shown; null or '' takes one out. */
export function setQuery(changes: QueryValues): void {
  const query = changed(new URLSearchParams(route.value.query), changes);
  go(route.value.path, Object.fromEntries(query));
}

/** '' where the address does not say. */
export function getQuery(name: string): string {
  return route.value.query.get(name) ?? '';
}

function changed(query: URLSearchParams, changes: QueryValues): URLSearchParams {
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === undefined || value === '') query.delete(name);
    else query.set(name, String(value));
  }
  return query;
}

function parse(hash: string): Route {
  const [path = '', search = ''] = hash.replace(/^#/, '').split(/\?(.*)/s);
  return {
    path: path
      .split('/')
      .filter((part) => part !== '')
      .map(decoded),
    query: new URLSearchParams(search),
  };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
