import { LLMock } from '@copilotkit/aimock';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { History } from '../support/history.js';
import { ProxyProcess } from '../support/proxy-process.js';

let mock: LLMock;
let proxy: ProxyProcess;
let openai: OpenAI;

beforeAll(async () => {
  mock = new LLMock({ port: 0 });
  mock.onMessage('hello', { content: 'Hi from somebody else’s upstream.' });
  mock.onMessage('weather', { toolCalls: [{ name: 'get_weather', arguments: '{"city":"Oslo"}' }] });
  await mock.start();
  proxy = await ProxyProcess.start({ upstream: `${mock.url}/v1`, keys: ['sk-aimock-1', 'sk-aimock-2'] });
  openai = new OpenAI({ apiKey: 'x', baseURL: proxy.v1, maxRetries: 0 });
});

afterAll(async () => {
  await ProxyProcess.stopAll();
  await mock.stop();
});

describe('an upstream nobody here wrote', () => {
  it('answers JSON through the proxy', async () => {
    const response = await openai.responses.create({ model: 'gpt-5.5', input: 'hello' });
    expect(response.output_text).toBe('Hi from somebody else’s upstream.');
  });

  it('streams through the proxy, and the record says completed', async () => {
    const { data: stream, response } = await openai.responses
      .create({ model: 'gpt-5.5', input: 'hello', stream: true })
      .withResponse();
    let text = '';
    for await (const event of stream) if (event.type === 'response.output_text.delta') text += event.delta;
    expect(text).toBe('Hi from somebody else’s upstream.');
    const row = await new History(proxy).finished(response.headers.get('x-proxy-request-id'));
    expect(row.state).toBe('completed');
  });

  it('calls tools through the proxy', async () => {
    const response = await openai.responses.create({
      model: 'gpt-5.5',
      input: 'weather',
      tools: [{ type: 'function', name: 'get_weather', parameters: {}, strict: false }],
    });
    expect(response.output.find((item) => item.type === 'function_call')).toMatchObject({
      name: 'get_weather',
    });
  });
});
