import type { FakeUpstream } from './fake-upstream.js';
import { prelude, reshape } from './upstream-broken-answers.js';
import type { UpstreamExchange } from './upstream-exchange.js';
import { numberParam } from './upstream-faults.js';
import type { Fault } from './upstream-faults.js';
import { errorBody, eventsOf, frameOf, messageItem, newWireId, responseObject } from './upstream-replies.js';
import type { WireResponse } from './upstream-replies.js';

type Route = (up: FakeUpstream, x: UpstreamExchange, id: string, fault: Fault | null) => void | Promise<void>;

const ROUTES: readonly (readonly [string, RegExp, Route])[] = [
  ['POST', /^\/v1\/responses$/, create],
  ['POST', /^\/v1\/responses\/compact$/, compact],
  ['POST', /^\/v1\/responses\/input_tokens$/, inputTokens],
  ['GET', /^\/v1\/responses\/([^/]+)$/, retrieve],
  ['DELETE', /^\/v1\/responses\/([^/]+)$/, remove],
  ['POST', /^\/v1\/responses\/([^/]+)\/cancel$/, cancel],
  ['GET', /^\/v1\/responses\/([^/]+)\/input_items$/, inputItems],
  ['GET', /^\/v1\/models$/, (up, x) => x.json(200, { object: 'list', data: up.models.map(model) })],
  ['GET', /^\/v1\/models\/([^/]+)$/, (_, x, id) => x.json(200, model(id))],
  ['DELETE', /^\/v1\/models\/([^/]+)$/, (_, x, id) => x.json(200, { id, object: 'model', deleted: true })],
  [
    'POST',
    /^\/v1\/conversations$/,
    (up, x) => x.json(200, up.accounts.createConversation(keyOf(x), x.arrival.json?.['metadata'])),
  ],
  ['GET', /^\/v1\/conversations\/([^/]+)$/, conversation],
  ['POST', /^\/v1\/conversations\/([^/]+)$/, conversation],
  ['DELETE', /^\/v1\/conversations\/([^/]+)$/, removeConversation],
  ['GET', /^\/v1\/conversations\/([^/]+)\/items$/, conversationItems],
  ['POST', /^\/v1\/conversations\/([^/]+)\/items$/, addConversationItems],
];

export async function answerRoute(up: FakeUpstream, x: UpstreamExchange, fault: Fault | null): Promise<void> {
  const [path = ''] = x.arrival.path.split('?');
  for (const [method, pattern, route] of ROUTES) {
    const match = pattern.exec(path);
    if (match && method === x.arrival.method) return route(up, x, match[1] ?? '', fault);
  }
  x.json(404, errorBody(`Invalid URL (${x.arrival.method} ${path})`, 'invalid_request_error', null));
}

const keyOf = (x: UpstreamExchange): string => x.arrival.key ?? '';
const queryOf = (x: UpstreamExchange): URLSearchParams => new URL(x.arrival.path, 'http://x').searchParams;
const model = (id: string): object => ({ id, object: 'model', created: 1_760_000_000, owned_by: 'openai' });

async function create(up: FakeUpstream, x: UpstreamExchange, _: string, fault: Fault | null): Promise<void> {
  const body = x.arrival.json;
  if (!body) {
    const message = 'We could not parse the JSON body of your request.';
    return x.json(400, errorBody(message, 'invalid_request_error', null));
  }
  const refusal = up.accounts.check(keyOf(x), body);
  if (refusal) return x.json(refusal.status, refusal.body);
  const response = makeResponse(up, x, body, fault);
  const frames = framesOf(response, fault);
  x.arrival.responseId = response.id;
  x.arrival.usage = response.usage;
  if (body['store'] !== false) up.accounts.store(keyOf(x), response, body['input'], frames);
  await prelude(x, fault);
  const shaped = reshape(fault, Buffer.from(JSON.stringify(response)));
  if (shaped) return x.bytes(200, shaped.body, shaped.headers);
  const asStream = fault?.mode === 'as_sse' || (body['stream'] === true && fault?.mode !== 'as_json');
  if (asStream) return x.stream(frames, fault, () => up.nextStep());
  await answerJson(x, response, fault);
}

async function answerJson(x: UpstreamExchange, response: WireResponse, fault: Fault | null): Promise<void> {
  if (['cut', 'eof', 'stall'].includes(fault?.mode ?? '')) {
    return x.half(Buffer.from(JSON.stringify(response)), fault?.mode ?? '');
  }
  if (fault?.mode === 'malformed') {
    const text = JSON.stringify({
      ...response,
      usage: { input_tokens: '7', output_tokens: -1, total_tokens: null },
    });
    return x.bytes(200, Buffer.from(text), { 'content-type': 'application/json' });
  }
  x.json(200, response);
}

function makeResponse(
  up: FakeUpstream,
  x: UpstreamExchange,
  body: Readonly<Record<string, unknown>>,
  fault: Fault | null,
): WireResponse {
  const { n, organization } = x.arrival;
  const deltas = numberParam(fault, 'n', 0);
  const output =
    deltas > 0
      ? [messageItem('abcdefgh'.repeat(deltas))]
      : up.script(body, { n, organization: organization ?? '', accounts: up.accounts });
  const response = responseObject(body, output, up.usage(n, body, organization ?? ''));
  if (body['background'] === true) return { ...response, status: 'queued', output: [], usage: null };
  if (fault?.mode === 'failed') {
    const error = { code: fault.params['code'] ?? 'server_error', message: 'The model had an error.' };
    return { ...response, status: 'failed', error, usage: null };
  }
  if (fault?.mode === 'incomplete') {
    return { ...response, status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } };
  }
  return response;
}

function framesOf(response: WireResponse, fault: Fault | null): string[] {
  const deltas = numberParam(fault, 'n', 4);
  const frames = eventsOf(response, deltas).map(frameOf);
  if (fault?.mode === 'error_event') {
    const event = { type: 'error', code: 'server_error', message: 'Boom.', param: null, sequence_number: 3 };
    return [...frames.slice(0, 3), frameOf(event)];
  }
  if (fault?.mode === 'malformed') {
    frames.splice(
      2,
      0,
      'event: response.x\ndata: {"type":"response.x",\n\n',
      'data: \u0000\n\n',
      ': note\n\n',
    );
    const last = frames.pop() ?? '';
    return [
      ...frames,
      last
        .replace(/"input_tokens":\d+/, '"input_tokens":"7"')
        .replace(/"total_tokens":\d+/, '"total_tokens":1e309'),
    ];
  }
  if (fault?.mode === 'crlf') return frames.map((frame) => frame.replaceAll('\n', '\r\n'));
  return frames;
}

function compact(up: FakeUpstream, x: UpstreamExchange): void {
  const refusal = up.accounts.check(keyOf(x), x.arrival.json ?? {});
  if (refusal) return x.json(refusal.status, refusal.body);
  const item = {
    id: newWireId('cmp'),
    type: 'compaction',
    encrypted_content: up.accounts.seal(x.arrival.organization ?? ''),
  };
  x.arrival.responseId = newWireId('resp');
  x.arrival.usage = up.usage(x.arrival.n, x.arrival.json ?? {}, x.arrival.organization ?? '');
  const input = x.arrival.json?.['input'];
  // What the user said stays as it is.
  const said = Array.isArray(input) ? input.filter((one: { type?: unknown }) => one.type === 'message') : [];
  x.json(200, {
    id: x.arrival.responseId,
    object: 'response.compaction',
    created_at: Math.floor(Date.now() / 1000),
    output: [...said, item],
    usage: x.arrival.usage,
  });
}

function inputTokens(up: FakeUpstream, x: UpstreamExchange): void {
  const refusal = up.accounts.check(keyOf(x), x.arrival.json ?? {});
  if (refusal) return x.json(refusal.status, refusal.body);
  x.json(200, { object: 'response.input_tokens', input_tokens: x.arrival.bodyBytes });
}

async function retrieve(up: FakeUpstream, x: UpstreamExchange, id: string): Promise<void> {
  const found = up.accounts.find(keyOf(x), id);
  if (!('response' in found)) return x.json(found.status, found.body);
  const query = queryOf(x);
  if (query.get('stream') !== 'true') return x.json(200, found.response);
  const after = Number(query.get('starting_after') ?? -1);
  await x.stream(found.frames.slice(after + 1), null, () => up.nextStep());
}

function remove(up: FakeUpstream, x: UpstreamExchange, id: string): void {
  const found = up.accounts.find(keyOf(x), id);
  if (!('response' in found)) return x.json(found.status, found.body);
  up.accounts.remove(id);
  x.json(200, { id, object: 'response', deleted: true });
}

function cancel(up: FakeUpstream, x: UpstreamExchange, id: string): void {
  const found = up.accounts.find(keyOf(x), id);
  if (!('response' in found)) return x.json(found.status, found.body);
  if (found.response['background'] !== true) {
    return x.json(400, errorBody('Cannot cancel a synchronous response.', 'invalid_request_error', null));
  }
  found.response = { ...found.response, status: 'cancelled' };
  x.json(200, found.response);
}

function inputItems(up: FakeUpstream, x: UpstreamExchange, id: string): void {
  const found = up.accounts.find(keyOf(x), id);
  if (!('response' in found)) return x.json(found.status, found.body);
  const data = found.input.map((item, i) => ({ id: `msg_${i}`, ...(item as object) }));
  x.json(200, {
    object: 'list',
    data,
    first_id: 'msg_0',
    last_id: `msg_${data.length - 1}`,
    has_more: false,
  });
}

function conversation(up: FakeUpstream, x: UpstreamExchange, id: string): void {
  const found = up.accounts.conversation(keyOf(x), id);
  if (!('object' in found)) return x.json(found.status, found.body);
  if (x.arrival.method === 'POST') found.object['metadata'] = x.arrival.json?.['metadata'] ?? {};
  x.json(200, found.object);
}

function removeConversation(up: FakeUpstream, x: UpstreamExchange, id: string): void {
  const found = up.accounts.conversation(keyOf(x), id);
  if (!('object' in found)) return x.json(found.status, found.body);
  up.accounts.removeConversation(id);
  x.json(200, { id, object: 'conversation.deleted', deleted: true });
}

function conversationItems(up: FakeUpstream, x: UpstreamExchange, id: string): void {
  const found = up.accounts.conversation(keyOf(x), id);
  if (!('object' in found)) return x.json(found.status, found.body);
  const ids = { first_id: found.items[0]?.id ?? null, last_id: found.items.at(-1)?.id ?? null };
  x.json(200, { object: 'list', data: found.items, ...ids, has_more: false });
}

function addConversationItems(up: FakeUpstream, x: UpstreamExchange, id: string): void {
  const found = up.accounts.conversation(keyOf(x), id);
  if (!('object' in found)) return x.json(found.status, found.body);
  const added = ((x.arrival.json?.['items'] ?? []) as object[]).map((item) => ({
    type: 'message',
    ...item,
    id: newWireId('msg'),
  }));
  found.items.push(...added);
  x.json(200, {
    object: 'list',
    data: added,
    first_id: added[0]?.id,
    last_id: added.at(-1)?.id,
    has_more: false,
  });
}
