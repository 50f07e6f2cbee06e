import { randomBytes } from 'node:crypto';

/** `usage` as the wire has it. */
export interface WireUsage {
  readonly input_tokens: number;
  readonly input_tokens_details: { readonly cached_tokens: number; readonly cache_write_tokens: number };
  readonly output_tokens: number;
  readonly output_tokens_details: { readonly reasoning_tokens: number };
  readonly total_tokens: number;
}

export interface SseEvent {
  readonly type: string;
  readonly [field: string]: unknown;
}

export type WireItem = Readonly<Record<string, unknown>> & { readonly type: string; readonly id: string };

export interface WireResponse extends Readonly<Record<string, unknown>> {
  readonly id: string;
  readonly status: string;
  readonly output: readonly WireItem[];
  readonly usage: WireUsage | null;
}

export const newWireId = (prefix: string): string => `${prefix}_${randomBytes(20).toString('hex')}`;

/** Different for each arrival, so that a row with another request's tokens shows. */
export function usageFor(n: number): WireUsage {
  const input = 100 + n;
  const output = 10 + (n % 17);
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: n % 64, cache_write_tokens: n % 3 },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: n % 7 },
    total_tokens: input + output,
  };
}

export function messageItem(text: string): WireItem {
  return {
    id: newWireId('msg'),
    type: 'message',
    status: 'completed',
    role: 'assistant',
    content: [{ type: 'output_text', text, annotations: [], logprobs: [] }],
  };
}

export const reasoningItem = (sealed: string): WireItem => ({
  id: newWireId('rs'),
  type: 'reasoning',
  summary: [],
  encrypted_content: sealed,
});

export const callItem = (name: string, args: string): WireItem => ({
  id: newWireId('fc'),
  type: 'function_call',
  status: 'completed',
  call_id: newWireId('call'),
  name,
  arguments: args,
});

export function responseObject(
  request: Readonly<Record<string, unknown>>,
  output: readonly WireItem[],
  usage: WireUsage | null,
): WireResponse {
  return {
    id: newWireId('resp'),
    object: 'response',
    created_at: Math.floor(Date.now() / 1000),
    status: 'completed',
    background: request['background'] === true,
    conversation: request['conversation'] ?? null,
    error: null,
    incomplete_details: null,
    instructions: request['instructions'] ?? null,
    max_output_tokens: null,
    model: request['model'] ?? 'gpt-5.5',
    output,
    parallel_tool_calls: true,
    previous_response_id: request['previous_response_id'] ?? null,
    prompt_cache_key: request['prompt_cache_key'] ?? null,
    reasoning: { effort: null, summary: null },
    service_tier: 'default',
    store: request['store'] ?? true,
    temperature: 1,
    text: { format: { type: 'text' } },
    tool_choice: 'auto',
    tools: request['tools'] ?? [],
    top_p: 1,
    truncation: 'disabled',
    usage,
    user: null,
    metadata: request['metadata'] ?? {},
  };
}

/** The whole stream of one response in the documented order, numbered from 0 without gaps. */
export function eventsOf(response: WireResponse, deltas = 4): SseEvent[] {
  const events: SseEvent[] = [];
  const push = (event: SseEvent): void => void events.push({ ...event, sequence_number: events.length });
  const opening = { ...response, status: 'in_progress', output: [], usage: null };
  push({ type: 'response.created', response: opening });
  push({ type: 'response.in_progress', response: opening });
  response.output.forEach((item, index) => itemEvents(item, index, deltas).forEach(push));
  push({ type: `response.${response.status}`, response });
  return events;
}

function itemEvents(item: WireItem, outputIndex: number, deltas: number): SseEvent[] {
  const at = { output_index: outputIndex };
  const inItem = { item_id: item.id, ...at };
  const done: SseEvent = { type: 'response.output_item.done', ...at, item };
  if (item.type === 'message') return [...textEvents(item, inItem, at, deltas), done];
  if (item.type === 'function_call') {
    const args = String(item['arguments']);
    return [
      {
        type: 'response.output_item.added',
        ...at,
        item: { ...item, status: 'in_progress', arguments: '' },
      },
      { type: 'response.function_call_arguments.delta', ...inItem, delta: args, obfuscation: 'aA0' },
      { type: 'response.function_call_arguments.done', ...inItem, arguments: args },
      done,
    ];
  }
  return [{ type: 'response.output_item.added', ...at, item: { ...item, encrypted_content: '' } }, done];
}

function textEvents(item: WireItem, inItem: object, at: object, deltas: number): SseEvent[] {
  const [part] = item['content'] as readonly { text: string }[];
  const inPart = { ...inItem, content_index: 0 };
  const text = part?.text ?? '';
  const size = Math.max(1, Math.ceil(text.length / deltas));
  const pieces = Array.from({ length: Math.ceil(text.length / size) }, (_, i) =>
    text.slice(i * size, (i + 1) * size),
  );
  const empty = { type: 'output_text', text: '', annotations: [], logprobs: [] };
  return [
    {
      type: 'response.output_item.added',
      ...at,
      item: { ...item, status: 'in_progress', content: [] },
    },
    { type: 'response.content_part.added', ...inPart, part: empty },
    ...pieces.map((delta) => ({
      type: 'response.output_text.delta',
      ...inPart,
      delta,
      logprobs: [],
      obfuscation: 'x7Q',
    })),
    { type: 'response.output_text.done', ...inPart, text, logprobs: [] },
    { type: 'response.content_part.done', ...inPart, part },
  ];
}

export const frameOf = (event: SseEvent): string =>
  `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;

export const errorBody = (
  message: string,
  type: string,
  code: string | null,
  param: string | null = null,
): { error: { message: string; type: string; param: string | null; code: string | null } } => ({
  error: { message, type, param, code },
});
