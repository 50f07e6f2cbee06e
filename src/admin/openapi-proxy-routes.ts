import type { OpenAPIObject } from '@nestjs/swagger';
import type { ErrorCode } from '../common/errors.js';
import { errorResponses } from './api-errors.js';
import { PROXY_SCHEMAS, PROXY_EXAMPLES } from './openapi-proxy-schemas.js';

type Paths = OpenAPIObject['paths'];
type Operation = NonNullable<Paths[string]['get']>;
type Schemas = NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>;
type Parameters = NonNullable<Operation['parameters']>;

const COMMON: readonly ErrorCode[] = [
  'invalid_path',
  'duplicate_header',
  'too_many_headers',
  'unauthorized',
  'forbidden',
  'misdirected_host',
  'upstream_rate_limited',
  'upstream_auth_failed',
  'upstream_unreachable',
  'upstream_connection_lost',
  'bad_upstream_response',
  'unexpected_redirect',
  'no_available_resources',
  'server_shutdown',
  'overloaded',
  'capture_unavailable',
  'upstream_connect_timeout',
  'upstream_first_byte_timeout',
  'upstream_total_timeout',
];
const WITH_BODY: readonly ErrorCode[] = [
  'invalid_json',
  'duplicate_key',
  'invalid_field',
  'body_timeout',
  'body_too_large',
  'unsupported_media_type',
  'unsupported_content_encoding',
];
const WITH_OWNER: readonly ErrorCode[] = ['affinity_lost', 'affinity_unavailable'];

const header = (name: string, example: string, description: string): Parameters[number] => ({
  name,
  in: 'header',
  required: false,
  schema: { type: 'string' },
  example,
  description,
});
const ROUTING_HEADERS: Parameters = [
  header('X-Proxy-Pool-ID', 'main', 'Pool to choose from; none = all resources'),
  header(
    'X-Proxy-Session-ID',
    '0199f2a0-5b1e-7c3d-9a4f-1c2d3e4f5a6b',
    'Session: stays on one resource while it can',
  ),
  header('X-Proxy-Session-Name', 'fix the login test', 'Name of the session for people'),
];
const path = (name: string, example: string): Parameters[number] => ({
  name,
  in: 'path',
  required: true,
  schema: { type: 'string' },
  example,
});
const ADDED_HEADERS = Object.fromEntries(
  [
    ['x-proxy-request-id', 'Names the request in /admin/requests'],
    ['x-proxy-resource-id', 'Who served it'],
    ['x-proxy-reason', 'Why that one'],
  ].map(([name, description]) => [name, { description, schema: { type: 'string' as const } }]),
);

interface Route {
  readonly summary: string;
  readonly schema: keyof typeof PROXY_SCHEMAS;
  readonly parameters?: Parameters;
  readonly body?: keyof typeof PROXY_SCHEMAS;
  /** Can also answer server-sent events. */
  readonly streams?: boolean;
  readonly owned?: boolean;
}

function operation(route: Route): Operation {
  const codes = [...COMMON, ...(route.body ? WITH_BODY : []), ...(route.owned ? WITH_OWNER : [])];
  const errors = errorResponses(codes).map(({ status, description, content: media }) => [
    String(status),
    { description, content: media },
  ]);
  return {
    tags: ['Proxy'],
    summary: route.summary,
    parameters: [...ROUTING_HEADERS, ...(route.parameters ?? [])],
    ...(route.body && {
      requestBody: { required: true, content: { 'application/json': content(route.body) } },
    }),
    responses: {
      '200': {
        description: "The upstream's answer, unchanged. So are its errors",
        headers: ADDED_HEADERS,
        content: {
          'application/json': content(route.schema),
          ...(route.streams && {
            'text/event-stream': { schema: { type: 'string' }, example: PROXY_EXAMPLES.stream },
          }),
        },
      },
      ...(Object.fromEntries(errors) as Operation['responses']),
    },
  };
}

function content(name: keyof typeof PROXY_SCHEMAS): { schema: { $ref: string }; example: unknown } {
  return { schema: { $ref: `#/components/schemas/${name}` }, example: PROXY_SCHEMAS[name].example };
}

export function proxySchemas(): Schemas {
  return PROXY_SCHEMAS as unknown as Schemas;
}

const RESPONSE = path('response_id', 'resp_0a1b2c3d');
const CONVERSATION = path('conversation_id', 'conv_0a1b2c3d');
const ITEM = path('item_id', 'msg_0a1b2c3d');
const REST: Parameters[number] = {
  ...path('path', 'input_items'),
  description: 'Anything else the upstream has below it, one or two segments deep',
};

/** Not an operation like the others: it answers 101, and everything after that is messages. */
const WEBSOCKET: Operation = {
  tags: ['Proxy'],
  summary: 'Responses WebSocket mode (`Upgrade: websocket`)',
  description:
    'An upstream is connected to before the handshake is completed, so a key that is refused there is not noticed. ' +
    'Messages then pass unchanged both ways: `response.create` with the body of the POST at top level, events as ' +
    'over SSE. Each response is a request of its own in the history, with `transport` `websocket`. Errors of the ' +
    'proxy\'s own come as `{"type":"error","status","error"}`. Where WebSocket mode is off, or the upstream ' +
    'has none, the answer is 426 and clients use HTTP. Closed with 1001 when idle, 1009 for a message that is too ' +
    'large, 1011 when the upstream breaks off, 1012 between responses when the proxy restarts.',
  parameters: ROUTING_HEADERS,
  responses: {
    '101': { description: 'Open. With the headers the upstream sent', headers: ADDED_HEADERS },
    ...(Object.fromEntries(
      errorResponses([...COMMON, 'upgrade_required', 'invalid_upgrade']).map(
        ({ status, description, content: media }) => [String(status), { description, content: media }],
      ),
    ) as Operation['responses']),
  },
};

type Schema = keyof typeof PROXY_SCHEMAS;

/** A route on something that one key owns. */
function owned(
  summary: string,
  schema: Schema,
  parameters: Parameters,
  more: Partial<Route> = {},
): Operation {
  return operation({ summary, schema, parameters, owned: true, ...more });
}

/** Every method on what the upstream has below a response or a conversation. */
function anythingBelow(what: string, parameter: Parameters[number]): Paths[string] {
  const parameters = [parameter, REST];
  const of = (verb: string, body?: Schema): Operation =>
    owned(`${verb} what is below a ${what}`, 'Any', parameters, body === undefined ? {} : { body });
  return { get: of('Read'), post: of('Create', 'Any'), patch: of('Change', 'Any'), delete: of('Delete') };
}

const RESPONSE_PATHS: Paths = {
  '/v1/responses': {
    get: WEBSOCKET,
    post: owned('Create a response: JSON, or server-sent events with `stream`', 'Response', [], {
      body: 'CreateResponse',
      streams: true,
    }),
  },
  '/v1/responses/compact': {
    post: owned('Compact a conversation', 'Response', [], { body: 'CreateResponse' }),
  },
  '/v1/responses/input_tokens': {
    post: owned('Count input tokens', 'InputTokens', [], { body: 'CreateResponse' }),
  },
  '/v1/responses/{response_id}': {
    get: owned(
      'Retrieve a stored response, or go on with its stream (`?stream=true&starting_after=`)',
      'Response',
      [RESPONSE],
      { streams: true },
    ),
    post: owned('Update a stored response', 'Response', [RESPONSE], { body: 'Any' }),
    patch: owned('Change a stored response', 'Response', [RESPONSE], { body: 'Any' }),
    delete: owned('Delete a stored response', 'Deleted', [RESPONSE]),
  },
  '/v1/responses/{response_id}/cancel': {
    post: owned('Cancel a background response', 'Response', [RESPONSE]),
  },
  '/v1/responses/{response_id}/input_items': {
    get: owned('List the input of a response', 'List', [RESPONSE]),
  },
  '/v1/responses/{response_id}/{path}': anythingBelow('response', RESPONSE),
};

const CONVERSATION_PATHS: Paths = {
  '/v1/conversations': {
    post: operation({
      summary: 'Create a conversation',
      schema: 'Conversation',
      body: 'CreateConversation',
    }),
  },
  '/v1/conversations/{conversation_id}': {
    get: owned('Retrieve a conversation', 'Conversation', [CONVERSATION]),
    post: owned('Update a conversation', 'Conversation', [CONVERSATION], { body: 'CreateConversation' }),
    patch: owned('Change a conversation', 'Conversation', [CONVERSATION], { body: 'CreateConversation' }),
    delete: owned('Delete a conversation', 'Deleted', [CONVERSATION]),
  },
  '/v1/conversations/{conversation_id}/items': {
    get: owned('List the items of a conversation', 'List', [CONVERSATION]),
    post: owned('Add items to a conversation', 'List', [CONVERSATION], { body: 'CreateItems' }),
  },
  '/v1/conversations/{conversation_id}/items/{item_id}': {
    get: owned('Retrieve one item of a conversation', 'Any', [CONVERSATION, ITEM]),
    delete: owned('Delete one item of a conversation', 'Conversation', [CONVERSATION, ITEM]),
  },
  '/v1/conversations/{conversation_id}/{path}': anythingBelow('conversation', CONVERSATION),
};

const MODEL_PATHS: Paths = {
  '/v1/models': {
    get: operation({
      summary: 'Models the upstream offers, and behind them the aliases the caller may use',
      schema: 'List',
    }),
  },
  '/v1/models/{model}': {
    get: operation({
      summary: 'One model; an alias is answered by the proxy itself',
      schema: 'Model',
      parameters: [path('model', 'gpt-5')],
    }),
  },
};

export function proxyPaths(): Paths {
  return { ...RESPONSE_PATHS, ...CONVERSATION_PATHS, ...MODEL_PATHS };
}
