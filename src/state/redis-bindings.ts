import type { RedisService } from '../infra/redis/redis.service.js';
import type { AffinityBinding, BindingKey } from './live-state.js';
import type { RedisClock } from './redis-clock.js';
import type { RedisNames } from './redis-names.js';
import { BIND } from './redis-scripts.js';

/** Longer than this SQL knows a binding as well, for as long as it lasts. */
const LONGEST_MS = 86_400_000;
/** A time of the store that is further ahead is none that this program told. */
const FUTURE_MS = 3_600_000;
/** Waiting for Redis; beyond that the oldest are not shared: SQL has them. */
const MOST_WAITING = 5_000;
const BATCH = 200;
const MOST_BATCHES = 4;

/** Times by the store; an end that is no later than the beginning takes the binding away. */
type Told = readonly [
  callerId: string,
  kind: string,
  id: string,
  fingerprint: string,
  organization: string | null,
  boundAt: number,
  expiresAt: number,
  cachedTokens: number | null,
];

const KINDS: readonly string[] = [
  'response',
  'conversation',
  'item',
  'session',
  'thread',
  'sealed',
  'usage',
] satisfies readonly AffinityBinding['kind'][];

/** Bindings on their way to and from the other processes. */
export class RedisBindings {
  /** By key name: only the last one of each matters. */
  readonly #waiting = new Map<string, AffinityBinding>();
  #batches = 0;
  #flushing = false;

  constructor(
    private readonly redis: RedisService,
    private readonly names: RedisNames,
    private readonly time: RedisClock,
    private readonly instanceId: string,
    onReceived: (binding: AffinityBinding) => void,
  ) {
    redis.subscriber.on(names.bindingChannel, (message) => {
      for (const binding of this.#read(message)) onReceived(binding);
    });
  }

  /** To be told with all that are put in the same turn of the event loop. */
  put(binding: AffinityBinding): void {
    this.#wait(binding);
    if (this.#flushing) return;
    this.#flushing = true;
    process.nextTick(() => {
      this.#flushing = false;
      this.flush();
    });
  }

  /** Sends what waits, when Redis is there to take it. */
  flush(): void {
    while (this.redis.up && this.#waiting.size > 0 && this.#batches < MOST_BATCHES) void this.#send();
  }

  /** Null = Redis cannot be asked. */
  async get(keys: readonly BindingKey[]): Promise<AffinityBinding[] | null> {
    const names = keys.map((key) => this.#nameOf(key));
    const values = await this.redis.ask((redis) => redis.mget(...names));
    if (values === null) return null;
    return keys.flatMap((key, i) => this.#parse(key, values[i] ?? null) ?? []);
  }

  #wait(binding: AffinityBinding): void {
    const name = this.#nameOf(binding);
    this.#waiting.delete(name);
    this.#waiting.set(name, binding);
    for (const oldest of this.#waiting.keys()) {
      if (this.#waiting.size <= MOST_WAITING) return;
      this.#waiting.delete(oldest);
    }
  }

  async #send(): Promise<void> {
    const batch = [...this.#waiting].slice(0, BATCH);
    for (const [name] of batch) this.#waiting.delete(name);
    const told = batch.map(([, binding]) => this.#told(binding));
    const kept = told.flatMap(([, , , fingerprint, organization, at, until, cached]) => [
      at,
      Math.min(LONGEST_MS, Math.max(0, until - Math.max(at, Math.round(this.time.now())))),
      JSON.stringify([fingerprint, organization, until, cached]),
    ]);
    const message = JSON.stringify([this.instanceId, ...told]);
    const keys = batch.map(([name]) => name);
    this.#batches += 1;
    const sent = await this.redis.ask(
      (redis) =>
        redis.eval(
          BIND,
          keys.length,
          ...keys,
          this.names.bindingChannel,
          message,
          ...kept,
        ) as Promise<number>,
    );
    this.redis.foreign.add('binding', sent ?? 0);
    this.#batches -= 1;
    // Told twice is harmless: the later one stays.
    if (sent === null) {
      for (const [name, binding] of batch) if (!this.#waiting.has(name)) this.#wait(binding);
    } else this.flush();
  }

  #told(binding: AffinityBinding): Told {
    const { callerId, kind, id, fingerprint, organization, boundAt, expiresAt, cachedTokens } = binding;
    const at = this.time.toStore(boundAt);
    const until = at + Math.max(0, expiresAt - boundAt);
    return [callerId, kind, id, fingerprint, organization, at, until, cachedTokens];
  }

  #read(message: string): AffinityBinding[] {
    const [from, ...told] = parseArray(message);
    if (from === this.instanceId) return [];
    if (typeof from !== 'string') this.redis.foreign.add('binding');
    return told.flatMap((one) => this.#binding(Array.isArray(one) ? one : []) ?? []);
  }

  #parse({ callerId, kind, id }: BindingKey, value: string | null): AffinityBinding | null {
    if (value === null) return null;
    const [, at = '', json = ''] = /^(\d+) (.*)$/s.exec(value) ?? [];
    const [fingerprint, organization, until, cached] = parseArray(json);
    return this.#binding([callerId, kind, id, fingerprint, organization, Number(at), until, cached]);
  }

  /** Null when it is none: what lies in Redis may be of another version, or of another program. */
  #binding(told: readonly unknown[]): AffinityBinding | null {
    const binding = this.#understood(told);
    if (binding === null) this.redis.foreign.add('binding');
    return binding;
  }

  #understood(told: readonly unknown[]): AffinityBinding | null {
    const [callerId, kind, id, fingerprint, organization, at, until, cached] = told;
    if (![callerId, kind, id, fingerprint].every((part) => typeof part === 'string')) return null;
    if (![at, until].every(Number.isFinite) || !KINDS.includes(kind as string)) return null;
    if ((at as number) > this.time.now() + FUTURE_MS) return null;
    const boundAt = this.time.toLocal(at as number);
    return {
      callerId: callerId as string,
      kind: kind as AffinityBinding['kind'],
      id: id as string,
      fingerprint: fingerprint as string,
      organization: typeof organization === 'string' ? organization : null,
      boundAt,
      cachedTokens: typeof cached === 'number' ? cached : null,
      expiresAt: boundAt + ((until as number) - (at as number)),
    };
  }

  #nameOf({ kind, callerId, id }: BindingKey): string {
    return this.names.binding(kind, callerId, id);
  }
}

function parseArray(json: string): unknown[] {
  try {
    const value: unknown = JSON.parse(json);
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}
