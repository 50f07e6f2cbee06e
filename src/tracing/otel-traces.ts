import {
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  createTraceState,
  trace,
} from '@opentelemetry/api';
import type { Context, Tracer } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { ATTR_SERVICE_NAME, ATTR_SERVICE_VERSION } from '@opentelemetry/semantic-conventions';
import { ATTR_SERVICE_INSTANCE_ID } from '@opentelemetry/semantic-conventions/incubating';
import type { RequestTraces, TracedRequest, TraceParent } from './request-traces.js';
import { SpanOutlet, type SpanCounts } from './span-outlet.js';
import { planTrace, type UpstreamOf, type SpanPlan } from './span-plan.js';
import { remoteSpanOf } from './trace-context.js';

const MOST_WAITING = 1_000;
/** What is turned into spans between two turns of the event loop. */
const AT_ONCE = 20;
const TELL_EVERY_MS = 60_000;
const LONGEST_TRACESTATE = 512;

export interface TracesOptions {
  readonly url: string;
  readonly serviceName: string;
  readonly version: string;
  readonly instanceId: string;
  readonly upstreamOf: UpstreamOf;
  readonly warn: (facts: { readonly spans: number; readonly error: string }, message: string) => void;
}

/**
 * Traces of finished requests, through the packages of OpenTelemetry. Loaded only when traces are wanted. Nothing is
 * registered globally and no context is followed: a request becomes spans when it is over, behind the turn that ends it.
 */
export class OtelTraces implements RequestTraces {
  readonly #outlet: SpanOutlet;
  readonly #provider: NodeTracerProvider;
  readonly #tracer: Tracer;
  readonly #upstreamOf: UpstreamOf;
  #waiting: TracedRequest[] = [];
  #scheduled = false;
  #toldAt = -Infinity;

  constructor(private readonly options: TracesOptions) {
    const { url, version, instanceId } = options;
    this.#upstreamOf = options.upstreamOf;
    this.#outlet = new SpanOutlet(new OTLPTraceExporter({ url }), (error, spans) => this.#tell(error, spans));
    const own = resourceFromAttributes({
      [ATTR_SERVICE_NAME]: options.serviceName,
      [ATTR_SERVICE_VERSION]: version,
      [ATTR_SERVICE_INSTANCE_ID]: instanceId,
    });
    const resource = own.merge(detectResources({ detectors: [envDetector] }));
    this.#provider = new NodeTracerProvider({ resource, spanProcessors: [this.#outlet] });
    this.#tracer = this.#provider.getTracer('responses-proxy', version);
  }

  get counts(): SpanCounts {
    return this.#outlet.counts;
  }

  record(request: TracedRequest): void {
    if (this.#waiting.length >= MOST_WAITING) {
      this.#outlet.drop(1 + request.record.attempts.length);
      return;
    }
    this.#waiting.push(request);
    this.#schedule();
  }

  /** What is left goes out; resolves when it has, or has failed. */
  async shutdown(): Promise<void> {
    for (const request of this.#waiting.splice(0)) this.#make(request);
    await this.#provider.shutdown();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      for (const request of this.#waiting.splice(0, AT_ONCE)) this.#make(request);
      if (this.#waiting.length > 0) this.#schedule();
    });
  }

  #make(request: TracedRequest): void {
    try {
      const plan = planTrace(request, this.#upstreamOf);
      const parent = contextOf(request.parent);
      const span = this.#start(plan.request, parent);
      const within = trace.setSpan(parent, span);
      for (const attempt of plan.attempts) this.#start(attempt, within).end(attempt.endedAt);
      span.end(plan.request.endedAt);
    } catch (error: unknown) {
      // A trace is worth no request, and no process.
      this.#outlet.drop(1 + request.record.attempts.length);
      this.#tell(error instanceof Error ? error : undefined, 1);
    }
  }

  #start({ name, kind, startedAt, attributes, failed }: SpanPlan, parent: Context) {
    const options = {
      kind: kind === 'server' ? SpanKind.SERVER : SpanKind.CLIENT,
      startTime: startedAt,
      attributes,
    };
    const span = this.#tracer.startSpan(name, options, parent);
    if (failed) span.setStatus({ code: SpanStatusCode.ERROR });
    return span;
  }

  #tell(error: Error | undefined, spans: number): void {
    const now = performance.now();
    if (now - this.#toldAt < TELL_EVERY_MS) return;
    this.#toldAt = now;
    this.options.warn(
      { spans, error: error?.message.slice(0, 200) ?? 'unknown' },
      'spans were not taken by the collector; said at most once a minute, see rpx_trace_spans_total',
    );
  }
}

function contextOf({ traceparent, tracestate }: TraceParent): Context {
  const remote = remoteSpanOf(traceparent);
  if (remote === null) return ROOT_CONTEXT;
  const { traceId, spanId, sampled } = remote;
  const state = tracestate === null || tracestate.length > LONGEST_TRACESTATE ? undefined : tracestate;
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId,
    spanId,
    traceFlags: sampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
    isRemote: true,
    ...(state === undefined ? {} : { traceState: createTraceState(state) }),
  });
}
