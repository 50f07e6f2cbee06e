import type { ReadableSpan, SpanExporter, SpanProcessor } from '@opentelemetry/sdk-trace-node';
import { BatchSpanProcessor } from '@opentelemetry/sdk-trace-node';

type ResultCallback = Parameters<SpanExporter['export']>[1];

/** The queue of OpenTelemetry's own default; at four spans a request some 500 requests. */
const MAX_WAITING_SPANS = 2_048;
const TRACED = 1;
/** `ExportResultCode` is of a package that is not ours to import. */
const TAKEN = 0 as Parameters<ResultCallback>[0]['code'];

export interface SpanCounts {
  readonly sent: number;
  readonly failed: number;
  readonly dropped: number;
}

/**
 * Hands spans to the collector in batches and counts what became of each. As many wait as fit, what comes then is
 * dropped: a collector that is away costs a bounded piece of memory and nothing else.
 */
export class SpanOutlet implements SpanProcessor {
  #waiting = 0;
  #sent = 0;
  #failed = 0;
  #dropped = 0;
  readonly #batches: BatchSpanProcessor;

  /** `onFailure` is told why, for each batch that was not taken. */
  constructor(
    private readonly exporter: SpanExporter,
    private readonly onFailure: (error: Error | undefined, spans: number) => void,
    private readonly most = MAX_WAITING_SPANS,
  ) {
    const counted: SpanExporter = {
      export: (spans, done) => this.#export(spans, done),
      shutdown: () => this.exporter.shutdown(),
    };
    this.#batches = new BatchSpanProcessor(counted, { maxQueueSize: this.most });
  }

  get counts(): SpanCounts {
    return { sent: this.#sent, failed: this.#failed, dropped: this.#dropped };
  }

  /** Neither made nor queued: there was no room before they were. */
  drop(spans: number): void {
    this.#dropped += spans;
  }

  onStart(): void {
    // What a span says is known when it is made.
  }

  onEnd(span: ReadableSpan): void {
    if ((span.spanContext().traceFlags & TRACED) === 0) return;
    if (this.#waiting >= this.most) {
      this.#dropped++;
      return;
    }
    this.#waiting++;
    this.#batches.onEnd(span);
  }

  forceFlush(): Promise<void> {
    return this.#batches.forceFlush();
  }

  shutdown(): Promise<void> {
    return this.#batches.shutdown();
  }

  #export(spans: ReadableSpan[], done: ResultCallback): void {
    this.exporter.export(spans, (result) => {
      this.#waiting -= spans.length;
      if (result.code === TAKEN) this.#sent += spans.length;
      else {
        this.#failed += spans.length;
        this.onFailure(result.error, spans.length);
      }
      done(result);
    });
  }
}
