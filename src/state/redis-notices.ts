import type { Redis } from 'ioredis';
import type { Clock } from '../common/clock.js';
import type { RedisService } from '../infra/redis/redis.service.js';
import type { JsonObject, Notice, ReceivedNotice } from './peers.js';
import type { RedisNames } from './redis-names.js';
import { KEPT, POST } from './redis-scripts.js';

const MOST_KEPT = 5_000;

type Listener = (notice: ReceivedNotice) => void;

/** What this process told, for a store that has lost it. */
interface Own {
  readonly notice: Notice;
  /** Monotonic. */
  readonly at: number;
}

/** The last one heard of a topic and key. */
interface Heard {
  readonly notice: ReceivedNotice;
  /** By the store: what was told before it is old news. */
  readonly at: number;
  /** Monotonic. */
  readonly heardAt: number;
}

/** What processes tell each other: at once to those who listen, and kept for those who do not yet. */
export class RedisNotices {
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #own = new Map<string, Own>();
  readonly #heard = new Map<string, Heard>();

  constructor(
    private readonly redis: RedisService,
    private readonly names: RedisNames,
    private readonly instanceId: string,
    private readonly clock: Clock,
  ) {
    redis.subscriber.on(names.noticeChannel, (message) => this.#receive(message));
  }

  post(notice: Notice): void {
    const own = { notice, at: this.clock.monotonic() };
    const field = fieldOf(notice);
    this.#own.delete(field);
    if (notice.ttlMs > 0) this.#own.set(field, own);
    forgetOldest(this.#own);
    void this.#send(field, own);
  }

  on(topic: string, listener: Listener): () => void {
    // Wrapped, so that a listener given twice is two.
    const own: Listener = (notice) => listener(notice);
    const listeners = this.#listeners.get(topic) ?? new Set();
    this.#listeners.set(topic, listeners.add(own));
    const now = this.clock.monotonic();
    for (const { notice, heardAt } of this.#heard.values()) {
      const leftMs = notice.leftMs - (now - heardAt);
      if (notice.topic === topic && leftMs > 0) call(own, { ...notice, leftMs });
    }
    return () => void listeners.delete(own);
  }

  /** After a gap: hears what is kept. `empty`: the store has lost everything, or may never have had it. */
  async catchUp(empty: boolean): Promise<void> {
    if (empty) await this.#postAgain();
    const kept = await this.redis.ask(
      (redis) => redis.eval(KEPT, 1, this.names.notices) as Promise<[bad: number, ...kept: string[]]>,
    );
    if (kept === null) return;
    const [bad, ...messages] = kept;
    this.redis.foreign.add('notice', bad);
    for (const message of messages) this.#receive(message);
  }

  async #postAgain(): Promise<void> {
    const now = this.clock.monotonic();
    for (const [field, own] of this.#own) {
      if (now - own.at >= own.notice.ttlMs) this.#own.delete(field);
      else if (!(await this.#send(field, own))) return;
    }
  }

  async #send(field: string, { notice, at }: Own): Promise<boolean> {
    const { topic, key, body, ttlMs } = notice;
    const content = JSON.stringify({ from: this.instanceId, topic, key, ttlMs, body });
    const age = Math.max(0, Math.round(this.clock.monotonic() - at));
    const send = (redis: Redis): Promise<number> =>
      redis.eval(
        POST,
        1,
        this.names.notices,
        this.names.noticeChannel,
        field,
        age,
        Math.round(ttlMs),
        content,
        MOST_KEPT,
      ) as Promise<number>;
    const bad = await this.redis.ask(send);
    this.redis.foreign.add('notice', bad ?? 0);
    return bad !== null;
  }

  #receive(message: string): void {
    const told = readNotice(message);
    if (told === null) this.redis.foreign.add('notice');
    if (told === null || told.notice.from === this.instanceId) return;
    const { notice, at } = told;
    const field = fieldOf(notice);
    const before = this.#heard.get(field);
    if (before !== undefined && before.at > at) return;
    // Somebody else knows better since.
    this.#own.delete(field);
    this.#heard.delete(field);
    this.#heard.set(field, { notice, at, heardAt: this.clock.monotonic() });
    forgetOldest(this.#heard);
    for (const listener of this.#listeners.get(notice.topic) ?? []) call(listener, notice);
  }
}

function call(listener: Listener, notice: ReceivedNotice): void {
  try {
    listener(notice);
  } catch {
    // One that cannot be told must not keep it from the others; it logs its own failures.
  }
}

/** Topics hold no NUL. */
function fieldOf({ topic, key }: { readonly topic: string; readonly key: string }): string {
  return `${topic}\0${key}`;
}

function forgetOldest(map: Map<string, unknown>): void {
  for (const oldest of map.keys()) {
    if (map.size <= MOST_KEPT) return;
    map.delete(oldest);
  }
}

/** `<told at> <ms left> <content>`; null when it is none of ours. */
function readNotice(message: string): { readonly notice: ReceivedNotice; readonly at: number } | null {
  const [, at, left, content = ''] = /^(\d{1,15}) (\d{1,15}) (.*)$/s.exec(message) ?? [];
  try {
    const { from, topic, key, ttlMs = 0, body } = JSON.parse(content) as Partial<ReceivedNotice>;
    if (typeof from !== 'string' || typeof topic !== 'string' || typeof key !== 'string') return null;
    if (!isObject(body) || !Number.isFinite(ttlMs)) return null;
    return { notice: { from, topic, key, body, ttlMs, leftMs: Number(left) }, at: Number(at) };
  } catch {
    return null;
  }
}

function isObject(body: JsonObject | undefined): body is JsonObject {
  return typeof body === 'object' && body !== null;
}
