import { randomUUID } from 'node:crypto';
import type { Fleet } from './fleet.js';
import type { LoadEntry } from './load-client.js';

/** Open streams and new requests on every replica, until told to stop. Each request is of a session nobody has heard of. */
export class FleetTraffic {
  readonly #streams: Promise<LoadEntry>[] = [];
  readonly #lanes: Promise<void>[] = [];
  readonly #requests: LoadEntry[] = [];
  #over = false;

  constructor(
    fleet: Fleet,
    {
      streams,
      lanes,
      streamMs,
    }: { readonly streams: number; readonly lanes: number; readonly streamMs: number },
  ) {
    for (const client of fleet.clients) {
      for (let n = 0; n < streams; n += 1)
        this.#streams.push(
          client.send({
            body: { stream: true, model: `plan:paced,n=${Math.ceil(streamMs / 200)},interval=200` },
          }),
        );
      for (let n = 0; n < lanes; n += 1) this.#lanes.push(this.#lane(client));
    }
  }

  /** Milliseconds of the requests that began from `since` (epoch ms) on, sorted. */
  times(since: number, until = Infinity): number[] {
    return this.#requests
      .filter(({ sentAt, endedAt }) => sentAt >= since && sentAt < until && endedAt !== null)
      .map(({ sentAt, endedAt }) => (endedAt ?? 0) - sentAt)
      .sort((a, b) => a - b);
  }

  /** Every request and every stream that did not end as it should. */
  async stop(): Promise<string[]> {
    this.#over = true;
    await Promise.all(this.#lanes);
    const streams = await Promise.all(this.#streams);
    return [...this.#requests, ...streams]
      .filter(({ status, acknowledged, error }) => status !== 200 || !acknowledged || error !== null)
      .map(({ status, error, text }) => `${status} ${error} ${text.slice(0, 200)}`);
  }

  get count(): number {
    return this.#requests.length;
  }

  async #lane(client: Fleet['clients'][number]): Promise<void> {
    while (!this.#over) {
      const entry = await client.send({
        body: { model: 'fault:slow,ms=10', metadata: { session_id: randomUUID() } },
      });
      this.#requests.push(entry);
    }
  }
}

/** `sorted` ascending. */
export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

/** Most log lines that speak of Redis within any one second. */
export function redisLinesPerSecond(lines: readonly Record<string, unknown>[]): number {
  const perSecond = new Map<string, number>();
  for (const line of lines) {
    if (!/redis/i.test(JSON.stringify(line))) continue;
    const second = String(line['time']).slice(0, 19);
    perSecond.set(second, (perSecond.get(second) ?? 0) + 1);
  }
  return Math.max(0, ...perSecond.values());
}
