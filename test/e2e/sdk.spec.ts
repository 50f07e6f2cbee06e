import { createOpenAI } from '@ai-sdk/openai';
import { Agent, OpenAIProvider, Runner, tool } from '@openai/agents';
import { jsonSchema, stepCountIs, streamText, tool as aiTool } from 'ai';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Rig, inPool } from '../support/rig.js';

let rig: Rig;
let openai: OpenAI;

const CITY = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
} as const;

const client = (pool: string, maxRetries = 0): OpenAI =>
  new OpenAI({ apiKey: 'not-a-real-key', baseURL: rig.proxy.v1, maxRetries, defaultHeaders: inPool(pool) });

beforeAll(async () => {
  rig = await Rig.pooled(6, 2);
  openai = client('p0');
});

afterAll(() => rig.stop());

describe('the openai SDK', () => {
  it('creates, and reads the request id', async () => {
    const response = await openai.responses.create({ model: 'gpt-5.5', input: 'hello' });
    expect(response.output_text).toContain('you said hello');
    expect(response._request_id).toMatch(/^req_/);
    expect(response.usage?.total_tokens).toBe(rig.upstream.ledger.last().usage?.total_tokens);
  });

  it('streams', async () => {
    const stream = await openai.responses.create({ model: 'gpt-5.5', input: 'hello', stream: true });
    const types: string[] = [];
    for await (const event of stream) types.push(event.type);
    expect(types[0]).toBe('response.created');
    expect(types.at(-1)).toBe('response.completed');
  });

  it('streams with its helper to a final response', async () => {
    const final = await openai.responses.stream({ model: 'gpt-5.5', input: 'hello' }).finalResponse();
    expect(final.output_text).toContain('hello');
  });

  it('retrieves, replays, lists the input of, cancels and deletes what it made', async () => {
    const made = await openai.responses.create({ model: 'gpt-5.5', input: 'hello', background: true });
    expect((await openai.responses.retrieve(made.id)).id).toBe(made.id);
    const replay = await openai.responses.retrieve(made.id, { stream: true, starting_after: 0 });
    for await (const event of replay) expect(event.sequence_number).toBeGreaterThan(0);
    expect((await openai.responses.inputItems.list(made.id, { limit: 5 })).data.length).toBe(1);
    expect((await openai.responses.cancel(made.id)).status).toBe('cancelled');
    await openai.responses.delete(made.id);
    await expect(openai.responses.retrieve(made.id)).rejects.toBeInstanceOf(OpenAI.NotFoundError);
  });

  it('chains turns and keeps conversations', async () => {
    const first = await openai.responses.create({ model: 'gpt-5.5', input: 'one' });
    await openai.responses.create({ model: 'gpt-5.5', input: 'two', previous_response_id: first.id });
    const conversation = await openai.conversations.create({ metadata: { topic: 'demo' } });
    await openai.conversations.items.create(conversation.id, {
      items: [{ role: 'user', content: 'hi', type: 'message' }],
    });
    await openai.responses.create({ model: 'gpt-5.5', input: 'three', conversation: conversation.id });
    expect((await openai.conversations.items.list(conversation.id)).data.length).toBe(1);
    await openai.conversations.delete(conversation.id);
  });

  it('lists models', async () => {
    const ids: string[] = [];
    for await (const model of openai.models.list()) ids.push(model.id);
    expect(ids).toContain('gpt-5.5');
  });

  it.each([
    ['fault:400', OpenAI.BadRequestError, 'invalid_value', 'p1'],
    ['fault:404', OpenAI.NotFoundError, null, 'p1'],
    ['fault:422', OpenAI.UnprocessableEntityError, 'unprocessable', 'p1'],
    ['fault:reset', OpenAI.InternalServerError, 'upstream_connection_lost', 'p1'],
    ['fault:429,retry=1', OpenAI.RateLimitError, 'rate_limit_exceeded', 'p2'],
    ['fault:401', OpenAI.InternalServerError, 'upstream_auth_failed', 'p3'],
  ])('throws its own error type for %s', async (model, type, code, pool) => {
    const error: unknown = await client(pool)
      .responses.create({ model, input: 'x' })
      .catch((e: unknown) => e);
    expect(error).toBeInstanceOf(type);
    expect((error as { code: string | null }).code).toBe(code);
  });

  it('retries what the proxy says may be retried, and gets its answer', async () => {
    rig.upstream.faults.set('*', 'fault:reset', { times: 1 });
    const response = await client('p4', 2).responses.create({ model: 'gpt-5.5', input: 'again' });
    expect(response.output_text).toContain('again');
    rig.upstream.faults.clear('*');
  });

  it('goes through many calls at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, i) =>
        openai.responses.create({ model: 'gpt-5.5', input: `call-${i}-` }),
      ),
    );
    answers.forEach((answer, i) => expect(answer.output_text).toContain(`call-${i}-`));
  });
});

describe('the Agents SDK', () => {
  it('runs a tool and answers with its result', async () => {
    const weather = tool({
      name: 'get_weather',
      description: 'Weather of a city',
      parameters: { ...CITY, required: [...CITY.required] },
      execute: (input) => Promise.resolve(`sunny in ${(input as { city: string }).city}`),
    });
    const agent = new Agent({ name: 'weather', model: 'gpt-5.5', tools: [weather] });
    const runner = new Runner({
      modelProvider: new OpenAIProvider({ openAIClient: client('p5'), useResponses: true }),
      tracingDisabled: true,
    });
    const before = rig.upstream.ledger.creates.length;
    const result = await runner.run(agent, 'call:get_weather {"city":"Kyiv"}');
    expect(result.finalOutput).toContain('sunny in Kyiv');
    expect(rig.upstream.ledger.creates.length - before).toBe(2);
  });

  it('streams a run', async () => {
    const agent = new Agent({ name: 'plain', model: 'gpt-5.5' });
    const runner = new Runner({
      modelProvider: new OpenAIProvider({ openAIClient: client('p5'), useResponses: true }),
      tracingDisabled: true,
    });
    const run = await runner.run(agent, 'hello', { stream: true });
    for await (const _ of run);
    await run.completed;
    expect(run.finalOutput).toContain('you said hello');
  });
});

describe('the AI SDK', () => {
  const model = () =>
    createOpenAI({ apiKey: 'not-a-real-key', baseURL: rig.proxy.v1, headers: inPool('p5') }).responses(
      'gpt-5.5',
    );
  const weather = aiTool({
    description: 'Weather of a city',
    inputSchema: jsonSchema<{ city: string }>({ ...CITY, required: [...CITY.required] }),
    execute: ({ city }) => `sunny in ${city}`,
  });

  it('streams text piece by piece, and its usage', async () => {
    const run = streamText({ model: model(), prompt: 'hello' });
    const pieces: string[] = [];
    for await (const piece of run.textStream) pieces.push(piece);
    expect(pieces.length).toBeGreaterThan(1);
    expect(pieces.join('')).toContain('you said hello');
    expect((await run.usage).totalTokens).toBe(rig.upstream.ledger.last().usage?.total_tokens);
  });

  it.each([
    ['by reference, which goes to the key that stored it', true, 'item_reference'],
    ['itself, when nothing is stored', false, 'reasoning'],
  ])('sends its reasoning back with the result of a tool, %s', async (_, store, type) => {
    const before = rig.upstream.ledger.creates.length;
    const run = streamText({
      model: model(),
      tools: { get_weather: weather },
      stopWhen: stepCountIs(2),
      prompt: 'call:get_weather {"city":"Kyiv"}',
      providerOptions: { openai: { store, include: ['reasoning.encrypted_content'] } },
    });
    expect(await run.text).toContain('sunny in Kyiv');
    const [call, answer, ...more] = rig.upstream.ledger.creates.slice(before);
    expect(more).toEqual([]);
    const input = answer?.json?.['input'] as { type?: string }[];
    expect(input.map((item) => item.type ?? 'message')).toEqual([
      'message',
      type,
      'function_call',
      'function_call_output',
    ]);
    expect(answer?.key).toBe(call?.key);
  });
});
