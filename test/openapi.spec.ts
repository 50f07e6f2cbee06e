import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OpenApiSource } from '../src/admin/openapi.source.js';
import { matchRoute } from '../src/proxy/route-grammar.js';
import { startAdminApp, type AdminApp } from './support/admin-app.js';

const SNAPSHOT = new URL('../docs/openapi.json', import.meta.url);

interface Media {
  readonly schema?: unknown;
}
interface Operation {
  readonly summary?: string;
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, Media>> }>>;
}

/** The part as text, with every schema it refers to, however deep: Swagger composes examples from those. */
function withSchemas(part: unknown, schemas: Readonly<Record<string, unknown>>): string {
  const seen = new Set<string>();
  const expand = (value: unknown): string => {
    const text = JSON.stringify(value ?? '');
    const names = [...text.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map((match) => match[1] ?? '');
    const fresh = names.filter((name) => !seen.has(name));
    for (const name of fresh) seen.add(name);
    return text + fresh.map((name) => expand(schemas[name])).join('');
  };
  return expand(part);
}

/** `RPX_UPDATE_OPENAPI=1 npx vitest run test/openapi.spec.ts` writes the snapshot afresh. */
describe('the OpenAPI document', () => {
  let admin: AdminApp;
  let text: string;
  beforeAll(async () => {
    admin = await startAdminApp();
    const document = admin.app.get(OpenApiSource).document();
    text = `${JSON.stringify(document, null, 2).replace('0.0.0-test', '0.0.0')}\n`;
  });
  afterAll(() => admin.close());

  it('is the one that was reviewed', () => {
    if (process.env['RPX_UPDATE_OPENAPI'] !== undefined) writeFileSync(SNAPSHOT, text);
    expect(text).toBe(readFileSync(SNAPSHOT, 'utf8'));
  });

  it('gives every route a summary, a schema and an example', () => {
    const { paths, components } = JSON.parse(text) as {
      paths: Record<string, Record<string, Operation>>;
      components: { schemas: Record<string, unknown> };
    };
    const missing: string[] = [];
    for (const [path, operations] of Object.entries(paths)) {
      for (const [method, operation] of Object.entries(operations)) {
        // A WebSocket has messages instead of a body.
        if (operation.summary && '101' in operation.responses) continue;
        const media = Object.entries(operation.responses)
          .filter(([status]) => status.startsWith('2'))
          .flatMap(([, response]) => Object.values(response.content ?? {}));
        const hasSchema = media.length > 0 && media.every((one) => one.schema !== undefined);
        const hasExample = media.every((one) => {
          return /"examples?":/.test(withSchemas(one, components.schemas));
        });
        if (!operation.summary || !hasSchema || !hasExample) missing.push(`${method} ${path}`);
      }
    }
    expect(missing).toEqual([]);
  });

  it('documents the routes of /v1 that the grammar forwards, all of them and no others', () => {
    const { paths } = JSON.parse(text) as { paths: Record<string, Record<string, unknown>> };
    const documented = Object.entries(paths)
      .filter(([path]) => path.startsWith('/v1/'))
      .flatMap(([path, operations]) => Object.keys(operations).map((method) => ({ path, method })))
      // The upgrade to WebSocket, which has an admission of its own.
      .filter(({ path, method }) => !(path === '/v1/responses' && method === 'get'));
    const sample = (path: string): string => path.replaceAll(/\{\w+\}/g, 'some_id');
    for (const { path, method } of documented) {
      expect(() => matchRoute(method.toUpperCase(), sample(path)), `${method} ${path}`).not.toThrow();
    }
    // `{path}` stands for one or two segments.
    const covers = (template: string, path: string): boolean =>
      new RegExp(`^${template.replaceAll('{path}', '[^/]+(/[^/]+)?').replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(
        path,
      );
    const families = ['responses', 'conversations', 'models', 'files'];
    const tails = ['', '/compact', '/input_tokens', '/x', '/x/cancel', '/x/input_items', '/x/items'];
    const deep = ['/x/items/y', '/x/y', '/x/y/z', '/x/y/z/a', '/compact/x'];
    const forwarded = families.flatMap((family) =>
      [...tails, ...deep].flatMap((tail) =>
        ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS']
          .filter((method) => isForwarded(method, `/v1/${family}${tail}`))
          .map((method) => ({ method: method.toLowerCase(), path: `/v1/${family}${tail}` })),
      ),
    );
    const missing = forwarded.filter(
      ({ method, path }) => !documented.some((one) => one.method === method && covers(one.path, path)),
    );
    expect(forwarded.length).toBeGreaterThan(30);
    expect(missing).toEqual([]);
  });
});

function isForwarded(method: string, path: string): boolean {
  try {
    matchRoute(method, path);
    return true;
  } catch {
    return false;
  }
}
