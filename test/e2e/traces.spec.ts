import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../support/free-port.js';
import type { LoadEntry, LoadRequest } from '../support/load-client.js';
import { OtlpCollector, type ReceivedSpan } from '../support/otlp-collector.js';
import { SocketRig } from '../support/socket-rig.js';
import { until } from '../support/until.js';

const [SERVER, CLIENT, ERROR] = [2, 3, 2];
const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';
const SLOW = { timeoutMs: 15_000 };
/** Says at the end how much of OpenTelemetry was loaded; its API is also loaded by the metrics client. */
const WATCH = `data:text/javascript,${encodeURIComponent(
  `import { createRequire } from 'node:module';
   const { cache } = createRequire('/none.js');
   process.on('exit', () => console.log('otel files: ' +
     Object.keys(cache).filter((path) => path.includes('@opentelemetry') && !path.includes('/api/')).length));`,
)}`;

let rig: SocketRig;
let collector: OtlpCollector;

beforeAll(async () => {
  collector = await OtlpCollector.start();
  rig = await SocketRig.start({
    nodeFlags: ['--import', WATCH],
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.url}/`,
      OTEL_EXPORTER_OTLP_HEADERS: 'x-collector-key=for%20us',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
      OTEL_BSP_SCHEDULE_DELAY: '50',
      OTEL_EXPORTER_OTLP_TIMEOUT: '500',
    },
  });
}, 60_000);

afterAll(async () => {
  await rig.stop();
  await collector.stop();
});

const send = (request: LoadRequest = {}): Promise<LoadEntry> => rig.rig.client.send({ body: {}, ...request });

/** What the last process said at its end; its lines may come behind it. */
async function loaded(): Promise<number> {
  const found = await until(() => /otel files: (\d+)/.exec(rig.proxy.output)?.[1], SLOW);
  rig.proxy.lines.length = 0;
  return Number(found);
}

const traceOf = (id: string | null): Promise<ReceivedSpan[]> =>
  until(
    () => collector.ofRequest(id ?? ''),
    (spans) => spans.length > 1,
    { ...SLOW, what: `the spans of ${id}` },
  );

describe('the trace of a request', () => {
  it('follows the conventions for HTTP and GenAI, and tells what the record tells', async () => {
    const seen = await send({
      headers: { 'x-session-id': 'session-1', authorization: 'Bearer client-secret' },
      body: { model: 'gpt-5.5', stream: true, input: 'a private prompt' },
    });
    const [own, attempt] = await traceOf(seen.proxyRequestId);
    expect(own).toMatchObject({ name: 'POST /v1/responses', kind: SERVER, parentSpanId: '', status: 0 });
    expect(own?.attributes).toMatchObject({
      'http.request.method': 'POST',
      'http.route': '/v1/responses',
      'http.response.status_code': 200,
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': 'gpt-5.5',
      'gen_ai.request.stream': true,
      'gen_ai.response.id': seen.responseId,
      'gen_ai.response.finish_reasons': ['completed'],
      'gen_ai.conversation.id': 'session-1',
      'gen_ai.usage.input_tokens': seen.usage?.input_tokens,
      'gen_ai.usage.output_tokens': seen.usage?.output_tokens,
      'responses_proxy.state': 'completed',
      'responses_proxy.resource.id': expect.stringMatching(/^openai-/),
      'responses_proxy.decision.reason': expect.any(String),
    });
    expect(own?.resource).toMatchObject({
      'service.name': 'responses-proxy',
      'deployment.environment.name': 'test',
    });
    expect(own?.endMs).toBeGreaterThanOrEqual(own?.startMs ?? 0);
    const { port } = new URL(rig.rig.upstream.baseUrl);
    expect(attempt).toMatchObject({ kind: CLIENT, traceId: own?.traceId, status: 0 });
    expect(attempt?.attributes).toMatchObject({
      'url.full': `${rig.rig.upstream.baseUrl}/responses`,
      'server.address': '127.0.0.1',
      'server.port': Number(port),
      'http.response.status_code': 200,
      'responses_proxy.attempt.class': 'ok',
    });
    expect(attempt?.attributes).not.toHaveProperty('gen_ai.usage.input_tokens');
    expect(collector.paths.every((path) => path === '/v1/traces')).toBe(true);
    expect(collector.heads[0]?.['x-collector-key']).toBe('for us');
  });

  it('goes on with the trace of its caller, and tells the upstream only what the caller told', async () => {
    const traceparent = `00-${TRACE_ID}-${PARENT}-01`;
    const seen = await send({ headers: { traceparent, tracestate: 'vendor=1' } });
    const [own, attempt] = await traceOf(seen.proxyRequestId);
    expect(own).toMatchObject({ traceId: TRACE_ID, parentSpanId: PARENT, traceState: 'vendor=1' });
    expect(attempt).toMatchObject({ traceId: TRACE_ID, parentSpanId: own?.spanId });
    const heard = (): readonly string[] => rig.rig.upstream.ledger.creates.at(-1)?.rawHeaders ?? [];
    expect(heard()[heard().indexOf('traceparent') + 1]).toBe(traceparent);
    await send();
    expect(heard()).not.toContain('traceparent');
  });

  it('is not made for a caller that does not trace', async () => {
    const unsampled = await send({ headers: { traceparent: `00-${TRACE_ID}-${PARENT}-00` } });
    await traceOf((await send()).proxyRequestId);
    expect(collector.ofRequest(unsampled.proxyRequestId ?? '')).toEqual([]);
  });

  it('has a span for each attempt, with what became of it', async () => {
    rig.rig.upstream.faults.set(rig.rig.keys[0]?.key ?? '', 'fault:429', { times: 1 });
    const sends = (): number => rig.rig.upstream.ledger.creates.length;
    const seen = await until(
      async () => {
        const before = sends();
        return { entry: await send(), sent: sends() - before };
      },
      ({ sent }) => sent === 2,
      SLOW,
    ).then(({ entry }) => entry);
    const [own, ...attempts] = await traceOf(seen.proxyRequestId);
    expect(attempts).toHaveLength(2);
    const [first] = attempts.sort((a, b) => a.startMs - b.startMs);
    expect(first).toMatchObject({ kind: CLIENT, status: ERROR });
    expect(first?.attributes).toMatchObject({
      'error.type': '429',
      'http.response.status_code': 429,
      'responses_proxy.attempt.class': 'B',
    });
    expect(attempts[1]?.attributes).toMatchObject({ 'http.request.resend_count': 1 });
    expect(own?.attributes['responses_proxy.attempts']).toBe(2);
  });

  it('exists for each response of a connection, within the trace its message names', async () => {
    const client = await rig.open();
    const client_metadata = { ws_request_header_traceparent: `00-${TRACE_ID}-${'1'.repeat(16)}-01` };
    client.create({ client_metadata });
    await client.ended(1);
    client.create({});
    await client.ended(2);
    client.ws.close();
    const spans = await until(
      () => collector.spans.filter((span) => span.attributes['network.protocol.name'] === 'websocket'),
      (found) => found.filter(({ kind }) => kind === SERVER).length === 2,
      SLOW,
    );
    const own = spans.filter(({ kind }) => kind === SERVER);
    expect(own.map(({ name }) => name)).toEqual(['GET /v1/responses', 'GET /v1/responses']);
    const inherited = own.filter(({ traceId }) => traceId === TRACE_ID);
    expect(inherited.map(({ parentSpanId }) => parentSpanId)).toEqual(['1'.repeat(16)]);
  });

  it('holds no prompt, no answer, no key of either side', () => {
    const everything = collector.raw.toString('latin1');
    expect(everything).toContain('gen_ai.usage.input_tokens');
    for (const secret of ['private prompt', 'client-secret', 'sk-test', 'Bearer'])
      expect(everything).not.toContain(secret);
  });
});

describe('tracing', () => {
  it('sends what is left when the process ends', async () => {
    const { proxyRequestId } = await send();
    expect(await rig.proxy.stop()).toBe(0);
    expect(collector.ofRequest(proxyRequestId ?? '').length).toBeGreaterThan(1);
    expect(await loaded()).toBeGreaterThan(0);
  });

  it('costs no request and no shutdown when the collector is away, and says so', async () => {
    await rig.proxy.restart({
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${await freePort()}` },
    });
    for (let i = 0; i < 5; i++) expect((await send()).status).toBe(200);
    const metrics = async (): Promise<string> => (await fetch(`${rig.proxy.url}/metrics`)).text();
    await until(metrics, (text) => /rpx_trace_spans_total\{outcome="failed"\} 10\b/.test(text), SLOW);
    const told = (): number =>
      rig.proxy.logs.filter(({ msg }) => String(msg).startsWith('spans were not taken')).length;
    // Its lines come behind what it answers.
    await until(told, (lines) => lines > 0, SLOW);
    expect(told()).toBe(1);
    expect((await send()).status).toBe(200);
    expect(await rig.proxy.stop(10_000)).toBe(0);
    await loaded();
  });

  it('is off, and nothing of it loaded, unless a collector is named', async () => {
    await rig.proxy.restart({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: undefined } });
    expect((await send()).status).toBe(200);
    expect(await (await fetch(`${rig.proxy.url}/metrics`)).text()).not.toContain('rpx_trace');
    expect(await rig.proxy.stop()).toBe(0);
    expect(await loaded()).toBe(0);
  });
});
