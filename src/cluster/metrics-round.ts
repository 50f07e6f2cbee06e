import type { ToMember } from './messages.js';

/** Longest an answer waits for a process that is busy; the next question may reach it. */
const PATIENCE_MS = 1_000;

interface Round {
  readonly asker: number;
  /** The asker's own number of its question. */
  readonly question: number;
  readonly left: Set<number>;
  readonly texts: Map<number, string>;
  readonly timer: NodeJS.Timeout;
}

/** Asks all processes for their metrics on behalf of one, by their places. */
export class MetricsRound {
  readonly #rounds = new Map<number, Round>();
  #last = 0;

  constructor(private readonly send: (place: number, message: ToMember) => void) {}

  ask(asker: number, question: number, places: readonly number[]): void {
    const id = ++this.#last;
    const timer = setTimeout(() => this.#finish(id), PATIENCE_MS);
    this.#rounds.set(id, { asker, question, left: new Set(places), texts: new Map(), timer });
    for (const place of places) this.send(place, { rpx: 'read_metrics', id });
  }

  told(place: number, id: number, text: string): void {
    this.#rounds.get(id)?.texts.set(place, text);
    this.#strike(place, id);
  }

  gone(place: number): void {
    for (const id of this.#rounds.keys()) this.#strike(place, id);
  }

  #strike(place: number, id: number): void {
    const round = this.#rounds.get(id);
    if (round === undefined) return;
    round.left.delete(place);
    if (round.left.size === 0) this.#finish(id);
  }

  #finish(id: number): void {
    const round = this.#rounds.get(id);
    if (round === undefined) return;
    this.#rounds.delete(id);
    clearTimeout(round.timer);
    const texts = [...round.texts].sort(([a], [b]) => a - b).map(([, text]) => text);
    this.send(round.asker, { rpx: 'all_metrics', id: round.question, texts });
  }
}
