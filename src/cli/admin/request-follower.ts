import type { RequestRow } from './rows.js';

/** Records reach the database in batches, and of several replicas not in order. */
const LATE_MS = 15_000;

/** Decides which requests of what was read are news: each once, when it has ended. Times are epoch ms. */
export class RequestFollower {
  readonly #shown = new Map<string, number>();
  readonly #running = new Map<string, number>();
  #newest: number;

  constructor(from: number) {
    this.#newest = from;
  }

  /** From when on the list has to be read. */
  get since(): number {
    return this.#newest - LATE_MS;
  }

  /** Requests that ran when they were last seen, and whose place in the list has been left behind. */
  get leftBehind(): string[] {
    return [...this.#running].filter(([, startedAt]) => startedAt < this.since).map(([id]) => id);
  }

  /** The ended ones among `rows` that were not answered before, in the order they ended. */
  news(rows: readonly RequestRow[]): RequestRow[] {
    const ended = rows.filter((row) => !this.#shown.has(row.id) && this.#hasEnded(row));
    for (const { id, started_at } of ended) this.#shown.set(id, started_at);
    for (const { started_at } of rows) this.#newest = Math.max(this.#newest, started_at);
    for (const [id, startedAt] of this.#shown) if (startedAt < this.since) this.#shown.delete(id);
    return ended.sort((a, b) => (a.finished_at ?? 0) - (b.finished_at ?? 0));
  }

  /** It was pruned, or never was. */
  forget(id: string): void {
    this.#running.delete(id);
  }

  #hasEnded({ id, state, started_at }: RequestRow): boolean {
    if (state === 'in_progress') {
      this.#running.set(id, started_at);
      return false;
    }
    return this.#running.delete(id) || started_at >= this.since;
  }
}
