import { describe, expect, it } from 'vitest';
import { attempt, decision, finished, started } from '../../test/support/telemetry-records.js';
import type { FinishedRecord } from '../usage/records.js';
import type { TracedRequest } from './request-traces.js';
import { routeTemplate } from './route-template.js';
import { planTrace, type TracedUpstream } from './span-plan.js';
import { remoteSpanOf } from './trace-context.js';

const nowhere = (): null => null;

function request(patch: Partial<FinishedRecord> = {}, more: Partial<TracedRequest> = {}): TracedRequest {
  return {
    record: finished('req_1', patch),
    start: started('req_1'),
    decisions: [decision('req_1')],
    generates: true,
    parent: { traceparent: null, tracestate: null },
    ...more,
  };
}

describe('the spans of a request', () => {
  it('last as long as the request and its attempts did', () => {
    const record = finished('req_1', { latencyMs: 250, attempts: [attempt()] });
    const { request: own, attempts } = planTrace(request(record), nowhere);
    expect(own.endedAt - own.startedAt).toBe(250);
    expect(attempts[0]).toMatchObject({
      startedAt: attempt().startedAt,
      endedAt: attempt().startedAt + attempt().durationMs,
    });
  });

  it.each<[Partial<FinishedRecord>, boolean, string | undefined]>([
    [{ state: 'completed', statusCode: 200 }, false, undefined],
    [{ state: 'incomplete', statusCode: 200 }, false, undefined],
    [{ state: 'client_aborted', statusCode: null }, false, undefined],
    [{ state: 'upstream_error', statusCode: 400, errorCode: 'invalid_value' }, false, 'invalid_value'],
    [{ state: 'rejected', statusCode: 401, errorCode: 'unauthorized' }, false, 'unauthorized'],
    [{ state: 'rejected', statusCode: 503, errorCode: 'overloaded' }, true, 'overloaded'],
    [{ state: 'upstream_error', statusCode: 502, errorCode: null }, true, '502'],
    [{ state: 'upstream_error', statusCode: 200, errorCode: null }, true, 'upstream_error'],
    [{ state: 'failed', statusCode: 200, errorCode: 'server_error' }, true, 'server_error'],
    [{ state: 'timeout', statusCode: null, errorCode: null }, true, 'timeout'],
    [{ state: 'upstream_error', statusCode: 502, errorCode: 'you said: hello' }, true, '502'],
    [{ state: 'failed', statusCode: 200, errorCode: 'x'.repeat(65) }, true, 'failed'],
    [{ state: 'failed', statusCode: 200, errorCode: 'two\nlines' }, true, 'failed'],
  ])('of %j have failed: %s, with %s', (record, failed, error) => {
    const { request: own } = planTrace(request({ errorCode: null, ...record }), nowhere);
    expect([own.failed, own.attributes['error.type']]).toEqual([failed, error]);
  });

  it('say of each attempt where it went, and of the request who answered', () => {
    const upstreamOf = (id: string): TracedUpstream => ({
      host: `${id}.example.com`,
      port: 443,
      baseUrl: `https://${id}.example.com/openai/v1`,
      providerName: id,
    });
    const attempts = [attempt(1, 'first'), attempt(2, 'second')];
    const record = finished('req_1', { resourceId: 'second', attempts });
    const start = started('req_1', { path: '/v1/responses/resp_1/cancel' });
    const plan = planTrace(request({}, { record, start }), upstreamOf);
    expect(plan.attempts.map(({ attributes }) => attributes['url.full'])).toEqual([
      'https://first.example.com/openai/v1/responses/resp_1/cancel',
      'https://second.example.com/openai/v1/responses/resp_1/cancel',
    ]);
    expect(plan.request.attributes['gen_ai.provider.name']).toBe('second');
    const nobody = finished('req_1', { resourceId: null, attempts: [] });
    const unserved = planTrace(request({}, { record: nobody }), upstreamOf).request;
    expect(unserved.attributes['gen_ai.provider.name']).toBe('openai');
  });

  it('never quote a message', () => {
    const quoted = { errorMessage: 'you said: secret', errorCode: 'invalid_value', state: 'failed' } as const;
    const attempts = [{ ...attempt(), class: 'E', status: 400, error: 'you said: secret' } as const];
    expect(JSON.stringify(planTrace(request({ ...quoted, attempts }), nowhere))).not.toContain('secret');
  });

  it('tell nobody a key, however it came to stand in a name, nor texts of any length or control characters', () => {
    const secrets = ['sk-proj-0123456789abcdef', `rpx_${'a1'.repeat(28)}`, 'Bearer abcdefghijklmnop'];
    for (const secret of secrets) {
      const word = `x ${secret} y\n\u0007\ud800${'z'.repeat(5_000)}`;
      const record = finished('req_1', {
        servedModel: word,
        responseId: word,
        upstreamRequestId: word,
        resourceId: word,
        attempts: [{ ...attempt(), resourceId: word }],
      });
      const session = { id: word, source: word, name: word, threadId: word, parentThreadId: word };
      const start = {
        ...started('req_1'),
        model: word,
        path: `/v1/${word}`,
        userAgent: word,
        poolId: word,
        session,
      };
      const { request: own, attempts } = planTrace(request({}, { record, start }), () => ({
        host: word,
        port: 1,
        baseUrl: `https://${word}/v1`,
        providerName: word,
      }));
      const texts = [own, ...attempts].flatMap(({ name, attributes }) => [
        name,
        ...Object.values(attributes),
      ]);
      const told = texts.filter((one) => typeof one === 'string');
      expect(told.filter((one) => one.includes('zzz')).length).toBeGreaterThan(9);
      for (const one of told) {
        expect(one.length).toBeLessThanOrEqual(256);
        expect(one).not.toContain(secret.slice(-12));
        expect(one).not.toMatch(/[\p{Cc}\p{Surrogate}]/u);
      }
    }
  });

  it('leave no half of a character where a text is cut', () => {
    const word = `${'z'.repeat(255)}\u{1f600}`;
    const record = finished('req_1', { servedModel: word });
    const { attributes } = planTrace(request({}, { record }), nowhere).request;
    expect(attributes['gen_ai.response.model']).toBe(`${'z'.repeat(255)}\uFFFD`);
  });

  it('tell 0 tokens from none', () => {
    const usage = {
      inputTokens: 0,
      cachedTokens: null,
      cacheWriteTokens: null,
      outputTokens: 7,
      reasoningTokens: null,
      totalTokens: 7,
    };
    const { attributes } = planTrace(request({ usage }), nowhere).request;
    expect(attributes).toMatchObject({ 'gen_ai.usage.input_tokens': 0, 'gen_ai.usage.output_tokens': 7 });
    expect(attributes['gen_ai.usage.cache_read.input_tokens']).toBeUndefined();
  });

  it('name no operation where no model runs', () => {
    const { attributes } = planTrace(request({}, { generates: false }), nowhere).request;
    expect(attributes['gen_ai.operation.name']).toBeUndefined();
  });
});

describe('the route of a path', () => {
  it.each([
    ['/v1/responses', '/v1/responses'],
    ['/v1/responses/compact', '/v1/responses/compact'],
    ['/v1/responses/resp_1', '/v1/responses/{id}'],
    ['/v1/responses/resp_1/cancel', '/v1/responses/{id}/cancel'],
    ['/v1/conversations/conv_1/items/item_1', '/v1/conversations/{id}/items/{id}'],
    ['/v1/responses/resp_1/made_up', '/v1/responses/{id}/{what}'],
    ['/v1/models/gpt-5.5', '/v1/models/{id}'],
    ['/v1/else', null],
    ['/wp-login.php', null],
    ['', null],
  ])('%s is %s', (path, route) => {
    expect(routeTemplate(path)).toBe(route);
  });
});

describe('traceparent', () => {
  const [trace, span] = ['4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7'];

  it.each([
    [`00-${trace}-${span}-01`, true],
    [`00-${trace}-${span}-00`, false],
    [`01-${trace}-${span}-03-later`, true],
  ])('%s is read', (text, sampled) => {
    expect(remoteSpanOf(text)).toEqual({ traceId: trace, spanId: span, sampled });
  });

  it.each([
    null,
    '',
    'x',
    `ff-${trace}-${span}-01`,
    `00-${'0'.repeat(32)}-${span}-01`,
    `00-${trace}-${'0'.repeat(16)}-01`,
    `00-${trace.toUpperCase()}-${span}-01`,
    `00-${trace}-${span}-01-more`,
    `00-${trace}-${span}-011`,
    `01-${trace}-${span}-01-${'x'.repeat(300)}`,
  ])('%s begins a trace of its own', (text) => {
    expect(remoteSpanOf(text)).toBeNull();
  });
});
