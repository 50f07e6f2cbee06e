/** Outlines of what passes through /v1. Open objects: the upstream's API grows, and every field passes unread. */
const open = (properties: Record<string, unknown>, example: unknown, description?: string) =>
  ({
    type: 'object',
    ...(description !== undefined && { description }),
    properties,
    additionalProperties: true,
    example,
  }) as const;

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;

export const PROXY_SCHEMAS = {
  Error: {
    type: 'object',
    description: "The proxy's own errors and the upstream's have the same shape",
    required: ['error'],
    properties: {
      error: {
        type: 'object',
        required: ['message', 'type', 'param', 'code'],
        properties: { message: text, type: text, param: { ...text, nullable: true }, code: text },
      },
    },
    example: {
      error: {
        message: 'limit must be a whole number from 1 to 500.',
        type: 'invalid_request_error',
        param: 'limit',
        code: 'invalid_parameter',
      },
    },
  },
  CreateResponse: open(
    {
      model: text,
      input: { oneOf: [text, { type: 'array', items: { type: 'object' } }] },
      stream: flag,
      store: flag,
      background: flag,
      previous_response_id: text,
      conversation: { oneOf: [text, { type: 'object' }] },
      prompt_cache_key: text,
      metadata: { type: 'object', additionalProperties: text },
    },
    { model: 'gpt-5', input: 'Say hello.', stream: false },
    'The fields that routing reads; all others pass unread',
  ),
  Response: open(
    {
      id: text,
      object: text,
      status: text,
      model: text,
      output: { type: 'array', items: { type: 'object' } },
      usage: { type: 'object' },
    },
    {
      id: 'resp_0a1b2c3d',
      object: 'response',
      status: 'completed',
      model: 'gpt-5-2025-08-07',
      output: [{ type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Hello.' }] }],
      usage: {
        input_tokens: 11,
        output_tokens: 3,
        total_tokens: 14,
        input_tokens_details: { cached_tokens: 0 },
      },
    },
  ),
  InputTokens: open(
    { object: text, input_tokens: { type: 'integer' } },
    { object: 'response.input_tokens', input_tokens: 11 },
  ),
  Deleted: open(
    { id: text, object: text, deleted: flag },
    { id: 'resp_0a1b2c3d', object: 'response', deleted: true },
  ),
  List: open(
    { object: text, data: { type: 'array', items: { type: 'object' } } },
    { object: 'list', data: [{ id: 'gpt-5', object: 'model', owned_by: 'openai' }] },
  ),
  Model: open(
    { id: text, object: text, owned_by: text },
    { id: 'gpt-5', object: 'model', owned_by: 'openai' },
  ),
  Any: open({}, { id: 'msg_0a1b2c3d', object: 'message' }, 'Whatever the upstream takes and gives here'),
  CreateItems: open(
    { items: { type: 'array', items: { type: 'object' } } },
    { items: [{ type: 'message', role: 'user', content: 'And the second one?' }] },
  ),
  CreateConversation: open({ metadata: { type: 'object' } }, { metadata: { topic: 'demo' } }),
  Conversation: open(
    { id: text, object: text },
    { id: 'conv_0a1b2c3d', object: 'conversation', created_at: 1795410000 },
  ),
};

export const PROXY_EXAMPLES = {
  stream:
    'event: response.output_text.delta\n' +
    'data: {"type":"response.output_text.delta","delta":"Hello"}\n\n' +
    'event: response.completed\n' +
    'data: {"type":"response.completed","response":{"id":"resp_0a1b2c3d","status":"completed"}}\n\n',
} as const;
