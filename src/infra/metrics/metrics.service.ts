import { Injectable } from '@nestjs/common';
import { Counter, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import type { FinishedRecord } from '../../usage/records.js';
import type { TokenUsage } from '../../usage/token-usage.js';

const DURATION_BUCKETS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];
const FIRST_BYTE_BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

type Transport = 'http' | 'websocket';

const TOKEN_KINDS = [
  ['input', 'inputTokens'],
  ['cached', 'cachedTokens'],
  ['cache_write', 'cacheWriteTokens'],
  ['output', 'outputTokens'],
  ['reasoning', 'reasoningTokens'],
] as const satisfies readonly (readonly [string, keyof TokenUsage])[];

/**
 * What is counted per exchange. One `observe` per finished request; the labelled children are looked up once and
 * kept, because prom-client hashes the labels on every call otherwise. Labels are bounded: states, transports,
 * configured resources and attempt classes, never a model or a session.
 */
@Injectable()
export class MetricsService {
  readonly registry = new Registry();
  readonly #children = new Map<string, Counter.Internal>();
  readonly #requests: Counter<'state' | 'transport'>;
  readonly #attempts: Counter<'resource' | 'class'>;
  readonly #tokens: Counter<'kind'>;
  readonly #duration: Histogram;
  readonly #firstByte: Histogram;

  constructor() {
    const registers = [this.registry];
    collectDefaultMetrics({ register: this.registry });
    this.#requests = new Counter({
      name: 'rpx_requests_total',
      help: 'Finished requests by final state',
      labelNames: ['state', 'transport'],
      registers,
    });
    this.#attempts = new Counter({
      name: 'rpx_attempts_total',
      help: 'Attempts by resource and retry class',
      labelNames: ['resource', 'class'],
      registers,
    });
    this.#tokens = new Counter({
      name: 'rpx_tokens_total',
      help: 'Tokens as the upstream reported them',
      labelNames: ['kind'],
      registers,
    });
    this.#duration = new Histogram({
      name: 'rpx_request_duration_seconds',
      help: 'From the request head to the end of the answer',
      buckets: DURATION_BUCKETS,
      registers,
    });
    this.#firstByte = new Histogram({
      name: 'rpx_time_to_first_byte_seconds',
      help: 'From the request head to the first byte of the answer',
      buckets: FIRST_BYTE_BUCKETS,
      registers,
    });
  }

  observe(finished: FinishedRecord, transport: Transport = 'http'): void {
    const { state } = finished;
    this.#child(`r ${state} ${transport}`, () => this.#requests.labels(state, transport)).inc();
    for (const attempt of finished.attempts) {
      const { resourceId, class: retryClass } = attempt;
      this.#child(`a ${resourceId} ${retryClass}`, () => this.#attempts.labels(resourceId, retryClass)).inc();
    }
    if (finished.usage !== null) this.#observeTokens(finished.usage);
    this.#duration.observe(finished.latencyMs / 1000);
    if (finished.firstByteMs !== null) this.#firstByte.observe(finished.firstByteMs / 1000);
  }

  #observeTokens(usage: TokenUsage): void {
    for (const [kind, field] of TOKEN_KINDS) {
      const tokens = usage[field];
      if (tokens !== null && tokens > 0)
        this.#child(`t ${kind}`, () => this.#tokens.labels(kind)).inc(tokens);
    }
  }

  #child(key: string, make: () => Counter.Internal): Counter.Internal {
    let child = this.#children.get(key);
    if (child === undefined) {
      child = make();
      this.#children.set(key, child);
    }
    return child;
  }
}
