import type { RequestRow } from './rows.js';

/** Records reach the database in batches, and of several replicas not in order. */
const LATE_MS = 15_000;

/** Decides which requests of what was read are news: each once when it is seen to run, and once when it has ended. */
export class RequestFollower {
  readonly #ended = new Map<string, number>();
  readonly #running = new Map<string, number>();
  #newest: number;

  /** `from`: epoch ms, as all times. */
  constructor(
    from: number,
    private readonly endedOnly: boolean,
  ) {
    this.#newest = from;
  }

  /** From when on the list has to be read. */
  get since(): number {
    return Math.max(0, this.#newest - LATE_MS);
  }

  /** Requests that ran when they were last seen, and whose place in the list has been left behind. */
  get leftBehind(): string[] {
    return [...this.#running].filter(([, startedAt]) => startedAt < this.since).map(([id]) => id);
  }

  /** What there is when it begins, however old. */
  first(rows: readonly RequestRow[]): RequestRow[] {
    return inOrder(rows.filter((row) => this.#isNews(row, true)));
  }

  /** What was not answered before among `rows`, in the order it happened. */
  news(rows: readonly RequestRow[]): RequestRow[] {
    const news = rows.filter((row) => this.#isNews(row, row.started_at >= this.since));
    for (const { started_at } of rows) this.#newest = Math.max(this.#newest, started_at);
    for (const [id, startedAt] of this.#ended) if (startedAt < this.since) this.#ended.delete(id);
    return inOrder(news);
  }

  /** It was pruned, or never was. */
  forget(id: string): void {
    this.#running.delete(id);
  }

  #isNews({ id, state, started_at }: RequestRow, expected: boolean): boolean {
    if (this.#ended.has(id)) return false;
    const followed = this.#running.has(id);
    if (state === 'in_progress') {
      this.#running.set(id, started_at);
      return expected && !followed && !this.endedOnly;
    }
    this.#running.delete(id);
    if (!followed && !expected) return false;
    this.#ended.set(id, started_at);
    return true;
  }
}

function inOrder(rows: RequestRow[]): RequestRow[] {
  const at = (row: RequestRow): number => row.finished_at ?? row.started_at;
  return rows.sort((a, b) => at(a) - at(b));
}
