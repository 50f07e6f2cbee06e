import type { RouteKind } from '../balancer/routing-hints.js';
import { ProxyError } from '../common/errors.js';
import { credentialIn } from './url-credential.js';

export interface ProxyRoute {
  readonly kind: RouteKind;
  readonly method: string;
  /** Below the upstream's base, starts with `/`, with the raw query. */
  readonly upstreamPath: string;
  /** `/v1/…`, for the record: ids are in it, secrets are not. */
  readonly pathWithoutQuery: string;
  readonly responseId: string | null;
  readonly conversationId: string | null;
  /** GET: asking twice changes nothing. */
  readonly idempotent: boolean;
  /** The route wants a JSON object, which is scanned and forwarded. GET, DELETE and `cancel` want none. */
  readonly hasBody: boolean;
}

const PREFIX = '/v1/';
const MAX_SEGMENTS = 4;
const MAX_QUERY_BYTES = 4096;
/** Bounded, without alternatives: linear in the length of the segment. */
const SEGMENT = /^[A-Za-z0-9_.:-]{1,256}$/;
const QUERY = /^[\x21-\x22\x24-\x7e]*$/;
const ANY = ['GET', 'POST', 'DELETE', 'PATCH'] as const;

const EXISTING =
  'POST /v1/responses, /v1/responses/compact and /v1/responses/input_tokens; GET, POST, DELETE and PATCH ' +
  '/v1/responses/{id}…; POST /v1/conversations; GET, POST, DELETE and PATCH /v1/conversations/{id}…; ' +
  'GET /v1/models and /v1/models/{id}';

interface Shape {
  readonly kind: RouteKind;
  readonly methods: readonly string[];
}

/** Routes without an id in them. They are looked up before `{id}`: `compact` stands where an id would. */
const FIXED: ReadonlyMap<string, Shape> = new Map<string, Shape>([
  ['responses', { kind: 'create', methods: ['POST'] }],
  ['responses/compact', { kind: 'compact', methods: ['POST'] }],
  ['responses/input_tokens', { kind: 'input_tokens', methods: ['POST'] }],
  ['conversations', { kind: 'conversations', methods: ['POST'] }],
  ['models', { kind: 'models', methods: ['GET'] }],
]);

/**
 * The route a request target names, or an error: what is not in this grammar is never sent upstream. The grammar has
 * no percent-encoding, no dot segments and no empty segments, so the path it builds cannot leave the upstream's base
 * however the upstream normalises it.
 */
export function matchRoute(method: string, url: string): ProxyRoute {
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  const query = mark < 0 ? '' : url.slice(mark);
  // Before any other refusal: those repeat what they refuse.
  checkCredential(path, query);
  if (!path.startsWith(PREFIX)) throw refusePath(path);
  const rest = path.slice(PREFIX.length);
  const shape = FIXED.get(rest) ?? shapeWithId(rest, path);
  if (!shape.methods.includes(method)) throw methodNotAllowed(method, path, shape);
  checkQuery(query);
  const id = rest.split('/')[1] ?? null;
  return {
    kind: shape.kind,
    method,
    upstreamPath: `/${rest}${query}`,
    pathWithoutQuery: path,
    responseId: shape.kind === 'response' ? id : null,
    conversationId: shape.kind === 'conversation' ? id : null,
    idempotent: method === 'GET',
    hasBody: (method === 'POST' || method === 'PATCH') && !rest.endsWith('/cancel'),
  };
}

function shapeWithId(rest: string, path: string): Shape {
  const segments = rest.split('/');
  for (const segment of segments) {
    if (!SEGMENT.test(segment) || segment === '.' || segment === '..') throw invalidPath(path);
  }
  const [family, id] = segments;
  if (segments.length < 2 || segments.length > MAX_SEGMENTS) throw unknownRoute();
  // `/responses/compact/x` is neither a compaction nor a response called "compact".
  if (FIXED.has(`${family}/${id}`)) throw unknownRoute();
  if (family === 'responses') return { kind: 'response', methods: ANY };
  if (family === 'conversations') return { kind: 'conversation', methods: ANY };
  if (family === 'models' && segments.length === 2) return { kind: 'model', methods: ['GET'] };
  throw unknownRoute();
}

function checkQuery(query: string): void {
  if (query.length <= 1) return;
  if (query.length > MAX_QUERY_BYTES)
    throw new ProxyError('invalid_path', `The query is longer than ${MAX_QUERY_BYTES} bytes.`);
  if (!QUERY.test(query))
    throw new ProxyError('invalid_path', 'The query holds bytes other than visible ASCII, or a "#".');
}

function checkCredential(path: string, query: string): void {
  const found = credentialIn(path, query);
  if (found === null) return;
  throw new ProxyError(
    'invalid_path',
    `The URL holds a credential (${found}); nothing was sent. Send it as "Authorization: Bearer …": URLs are logged by all they pass.`,
  );
}

function refusePath(path: string): ProxyError {
  return path.startsWith('/') && !path.startsWith('//') ? unknownRoute() : invalidPath(path);
}

function invalidPath(path: string): ProxyError {
  const hint = path.endsWith('/') ? ' Leave out the trailing slash.' : '';
  return new ProxyError(
    'invalid_path',
    'A part of the path is no id: parts are 1 to 256 of A-Z a-z 0-9 _ . : -, and never percent-encoded. ' +
      `Send ids as they were given.${hint}`,
  );
}

function unknownRoute(): ProxyError {
  return new ProxyError('unknown_route', `There is no such route here. These exist: ${EXISTING}.`);
}

function methodNotAllowed(method: string, path: string, shape: Shape): ProxyError {
  const hint = shape.kind === 'create' && method === 'GET' ? ' GET is for a WebSocket upgrade only.' : '';
  const name = /^[A-Z]{1,20}$/.test(method) ? method : 'This method';
  return new ProxyError(
    'method_not_allowed',
    `${name} is not possible on ${path}. Use ${shape.methods.join(', ')}.${hint}`,
  );
}
