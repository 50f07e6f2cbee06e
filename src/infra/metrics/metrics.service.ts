import { Injectable } from '@nestjs/common';
import { Counter, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import type { FinishedRecord } from '../../usage/records.js';
import type { TokenUsage } from '../../usage/token-usage.js';
import { joinTexts } from './join-texts.js';
import { PromptTally } from './prompt-tally.js';
import { Tally } from './tally.js';

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
 * What is counted per exchange. One `observe` per finished request, which adds to plain numbers: prom-client hashes
 * labels on every call, and hears of the sums when it is asked for them. Labels are bounded: states, transports,
 * configured resources and attempt classes, never a model or a session.
 */
@Injectable()
export class MetricsService {
  readonly registry = new Registry();
  /** Set where several processes share the port: what each of them has counted, labelled with its place. */
  all: (() => Promise<readonly string[]>) | null = null;
  readonly #tallies: Tally[] = [];
  readonly #byState = new Map<string, Map<string, Tally>>();
  readonly #byResource = new Map<string, Map<string, Tally>>();
  readonly #byKind: readonly (readonly [keyof TokenUsage, Tally])[];
  readonly #byResourceKind = new Map<string, Map<string, Tally>>();
  readonly #prompts = new Map<string, PromptTally>();
  readonly #requests: Counter<'state' | 'transport'>;
  readonly #attempts: Counter<'resource' | 'class'>;
  readonly #tokens: Counter<'kind'>;
  readonly #resourceTokens: Counter<'resource' | 'kind'>;
  readonly #duration: Histogram;
  readonly #firstByte: Histogram;

  constructor() {
    const registers = [this.registry];
    const collect = (): void => this.#settle();
    collectDefaultMetrics({ register: this.registry });
    this.#requests = new Counter({
      name: 'rpx_requests_total',
      help: 'Finished requests by final state',
      labelNames: ['state', 'transport'],
      registers,
      collect,
    });
    this.#attempts = new Counter({
      name: 'rpx_attempts_total',
      help: 'Attempts by resource and retry class',
      labelNames: ['resource', 'class'],
      registers,
      collect,
    });
    this.#tokens = new Counter({
      name: 'rpx_tokens_total',
      help: 'Tokens as the upstream reported them; cached and cache_write are parts of input, reasoning is part of output: only input and output add up',
      labelNames: ['kind'],
      registers,
      collect,
    });
    this.#resourceTokens = new Counter({
      name: 'rpx_resource_tokens_total',
      help: 'The same by the resource that answered, with the same parts: cached / input is its cache hit rate',
      labelNames: ['resource', 'kind'],
      registers,
      collect,
    });
    this.#byKind = TOKEN_KINDS.map(([kind, field]) => [field, this.#tally(this.#tokens.labels(kind))]);
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

  /** What a scrape gets, from whichever process it reaches. */
  async text(): Promise<string> {
    const texts = (await this.all?.()) ?? [];
    return texts.length === 0 ? this.registry.metrics() : joinTexts(texts);
  }

  observe(finished: FinishedRecord, transport: Transport = 'http'): void {
    const { state } = finished;
    this.#of(this.#byState, transport, state, () => this.#requests.labels(state, transport)).add(1);
    for (const attempt of finished.attempts) {
      const { resourceId, class: retryClass } = attempt;
      const child = (): Counter.Internal => this.#attempts.labels(resourceId, retryClass);
      this.#of(this.#byResource, resourceId, retryClass, child).add(1);
    }
    if (finished.usage !== null) this.#observeTokens(finished.usage, finished);
    this.#duration.observe(finished.latencyMs / 1000);
    if (finished.firstByteMs !== null) this.#firstByte.observe(finished.firstByteMs / 1000);
  }

  /** Since the start of this process; undefined until an answer of that resource has told its usage. */
  promptsOf(resourceId: string): PromptTally | undefined {
    return this.#prompts.get(resourceId);
  }

  #observeTokens(usage: TokenUsage, { resourceId, at }: FinishedRecord): void {
    for (const [field, tally] of this.#byKind) tally.add(usage[field] ?? 0);
    if (resourceId === null) return;
    for (const [kind, field] of TOKEN_KINDS) {
      const child = (): Counter.Internal => this.#resourceTokens.labels(resourceId, kind);
      this.#of(this.#byResourceKind, resourceId, kind, child).add(usage[field] ?? 0);
    }
    let prompts = this.#prompts.get(resourceId);
    if (prompts === undefined) this.#prompts.set(resourceId, (prompts = new PromptTally()));
    prompts.add(usage, at);
  }

  #of(
    maps: Map<string, Map<string, Tally>>,
    outer: string,
    inner: string,
    child: () => Counter.Internal,
  ): Tally {
    let map = maps.get(outer);
    if (map === undefined) maps.set(outer, (map = new Map()));
    let tally = map.get(inner);
    if (tally === undefined) map.set(inner, (tally = this.#tally(child())));
    return tally;
  }

  #tally(child: Counter.Internal): Tally {
    const tally = new Tally(child);
    this.#tallies.push(tally);
    return tally;
  }

  #settle(): void {
    for (const tally of this.#tallies) tally.settle();
  }
}
