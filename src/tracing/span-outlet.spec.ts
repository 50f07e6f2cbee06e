import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace-node';
import { describe, expect, it } from 'vitest';
import { attempt, decision, finished, started } from '../../test/support/telemetry-records.js';
import { OtelTraces } from './otel-traces.js';
import { SpanOutlet } from './span-outlet.js';

type Done = Parameters<SpanExporter['export']>[1];

const span = (traceFlags = 1): ReadableSpan =>
  ({ spanContext: () => ({ traceFlags }), resource: {} }) as unknown as ReadableSpan;

/** A collector that answers when it is told to. */
class Slow implements SpanExporter {
  readonly waiting: { spans: number; done: Done }[] = [];

  export(spans: ReadableSpan[], done: Done): void {
    this.waiting.push({ spans: spans.length, done });
  }

  shutdown(): Promise<void> {
    return Promise.resolve();
  }
}

describe('spans on their way to a collector', () => {
  it('are dropped and counted when too many wait, also those that are being sent', async () => {
    const slow = new Slow();
    const outlet = new SpanOutlet(slow, () => undefined, 10);
    for (let n = 0; n < 10; n++) outlet.onEnd(span());
    const flushed = outlet.forceFlush();
    for (let n = 0; n < 5; n++) outlet.onEnd(span());
    expect(outlet.counts).toEqual({ sent: 0, failed: 0, dropped: 5 });
    expect(slow.waiting.map(({ spans }) => spans)).toEqual([10]);
    slow.waiting[0]?.done({ code: 0 });
    await flushed;
    outlet.onEnd(span());
    expect(outlet.counts).toEqual({ sent: 10, failed: 0, dropped: 5 });
  });

  it('that the collector does not take are counted, and make room', async () => {
    const [slow, failures] = [new Slow(), [] as (string | undefined)[]];
    const outlet = new SpanOutlet(slow, (error) => failures.push(error?.message), 1);
    outlet.onEnd(span());
    const flushed = outlet.forceFlush().catch(() => undefined);
    slow.waiting[0]?.done({ code: 1, error: new Error('no') });
    await flushed;
    outlet.onEnd(span());
    expect(outlet.counts).toEqual({ sent: 0, failed: 1, dropped: 0 });
    expect(failures).toEqual(['no']);
  });

  it('of requests that are not sampled take no room', () => {
    const outlet = new SpanOutlet(new Slow(), () => undefined, 1);
    for (let n = 0; n < 5; n++) outlet.onEnd(span(0));
    expect(outlet.counts.dropped).toBe(0);
  });
});

describe('finished requests', () => {
  it('wait in bounded number for becoming spans', () => {
    const traces = new OtelTraces({
      url: 'http://127.0.0.1:9/v1/traces',
      serviceName: 'test',
      version: '0',
      instanceId: 'i',
      upstreamOf: () => null,
      warn: () => undefined,
    });
    const request = {
      record: finished('req_1', { attempts: [attempt()] }),
      start: started('req_1'),
      decisions: [decision('req_1')],
      generates: true,
      // Not sampled: nothing is sent anywhere.
      parent: { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-00`, tracestate: null },
    };
    for (let n = 0; n < 1_010; n++) traces.record(request);
    expect(traces.counts.dropped).toBe(20);
  });
});
