/** A slice is read again after a tenth of its age: late records belong to young ones. */
const AGE_SHARE = 10;
/** Not sooner than this, because a slice of a month is hours of requests, and every page that is open asks for it. */
const SHORTEST_MS = 5_000;
/** Not longer than this, because history is also pruned, and carried over from other databases. */
const LONGEST_MS = 3_600_000;
/** A hundred days of hours. */
const MAX_SLICES = 2_400;

interface Slice<Cell> {
  readonly cells: readonly Cell[];
  readonly readAt: number;
}

/**
 * Sums over slices of time, each added up once and then remembered: what is past hardly changes. Few slices are read at
 * once, so that no read nears the limit of the database, nor keeps it from others, however long the history is.
 */
export class RememberedSlices<Cell extends { readonly at: number }> {
  readonly #slices = new Map<number, Slice<Cell>>();
  readonly #underWay = new Map<string, Promise<(readonly Cell[])[]>>();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly stepMs: number,
    private readonly atOnce: number,
    /** Cells whose `at`, the first millisecond of a slice, is from `from` to before `to`. */
    private readonly readCells: (from: number, to: number) => Promise<readonly Cell[]>,
  ) {}

  /** Of each slice; `starts` ascending. Who asks for what is being read gets that; others wait and find it remembered. */
  read(starts: readonly number[], now: number): Promise<(readonly Cell[])[]> {
    const wanted = `${starts[0]} ${starts.length}`;
    const underWay = this.#underWay.get(wanted);
    if (underWay !== undefined) return underWay;
    const turn = this.#turn.then(() => this.#read(starts, now)).finally(() => this.#underWay.delete(wanted));
    this.#underWay.set(wanted, turn);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #read(starts: readonly number[], now: number): Promise<(readonly Cell[])[]> {
    const stale = starts.filter((at) => !this.#isFresh(at, now));
    for (const run of this.#runsOf(stale)) {
      const first = run[0] ?? 0;
      const cells = await this.readCells(first, first + run.length * this.stepMs);
      for (const at of run) this.#keep(at, { cells: cells.filter((cell) => cell.at === at), readAt: now });
    }
    return starts.map((at) => this.#slices.get(at)?.cells ?? []);
  }

  #isFresh(at: number, now: number): boolean {
    const slice = this.#slices.get(at);
    if (slice === undefined) return false;
    const age = slice.readAt - (at + this.stepMs);
    return now - slice.readAt < Math.min(LONGEST_MS, Math.max(SHORTEST_MS, age / AGE_SHARE));
  }

  #keep(at: number, slice: Slice<Cell>): void {
    // Taken out first, so that the map stays in the order of reading and the longest unread one goes.
    this.#slices.delete(at);
    this.#slices.set(at, slice);
    const [oldest] = this.#slices.keys();
    if (this.#slices.size > MAX_SLICES && oldest !== undefined) this.#slices.delete(oldest);
  }

  /** Neighbours together, a few at once. */
  #runsOf(starts: readonly number[]): number[][] {
    const runs: number[][] = [];
    for (const at of starts) {
      const run = runs.at(-1);
      if (run !== undefined && run.at(-1) === at - this.stepMs && run.length < this.atOnce) run.push(at);
      else runs.push([at]);
    }
    return runs;
  }
}
