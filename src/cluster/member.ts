import cluster, { type Worker } from 'node:cluster';
import { processEnvironment } from '../config/process-environment.js';
import { isOurs, PLACE_VARIABLE, type ToMember, type ToPrimary } from './messages.js';

/** A little longer than the primary waits for the slowest. */
const PATIENCE_MS = 2_000;

/** This process as one of several on a port. */
export class Member {
  readonly #answers = new Map<number, (texts: readonly string[]) => void>();
  #questions = 0;
  #metrics: (() => Promise<string>) | null = null;
  #hurry: () => void = () => undefined;
  #left: (othersTake: boolean) => void = () => undefined;

  private constructor(
    private readonly worker: Worker,
    /** From 1. */
    readonly place: number,
  ) {
    process.on('message', (message: unknown) => {
      if (isOurs(message)) this.#hear(message as ToMember);
    });
  }

  /** Null for a process of its own, also below a process manager that uses clusters itself. */
  static current(): Member | null {
    const { worker } = cluster;
    const place = processEnvironment()[PLACE_VARIABLE];
    return worker === undefined || place === undefined ? null : new Member(worker, Number(place));
  }

  up(resources: number): void {
    this.#send({ rpx: 'up', resources });
  }

  /** `hurry`: do not wait any more. `orphaned`: the primary has gone, and with it the port. */
  onOrders(hurry: () => void, orphaned: () => void): void {
    this.#hurry = hurry;
    this.worker.once('disconnect', () => {
      // Otherwise Node ends this process on the spot, with its streams.
      this.worker.exitedAfterDisconnect = true;
      orphaned();
    });
  }

  /** It is about to stop. Resolves to whether others take new connections in its place; nobody does when the primary has gone. */
  leave(): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), PATIENCE_MS);
      this.#left = (othersTake) => {
        clearTimeout(timer);
        resolve(othersTake);
      };
      if (!this.#send({ rpx: 'leaving' })) this.#left(false);
    });
  }

  /** What this process answers when it is asked for its metrics. */
  tellMetrics(own: () => Promise<string>): void {
    this.#metrics = own;
  }

  /** Of every process on the port that answers in time; of none when the primary has gone. */
  allMetrics(): Promise<readonly string[]> {
    const id = ++this.#questions;
    return new Promise((resolve) => {
      const done = (texts: readonly string[]): void => {
        clearTimeout(timer);
        this.#answers.delete(id);
        resolve(texts);
      };
      const timer = setTimeout(() => done([]), PATIENCE_MS);
      this.#answers.set(id, done);
      if (!this.#send({ rpx: 'ask_metrics', id })) done([]);
    });
  }

  #hear(message: ToMember): void {
    if (message.rpx === 'hurry') this.#hurry();
    else if (message.rpx === 'left') this.#left(message.othersTake);
    else if (message.rpx === 'all_metrics') this.#answers.get(message.id)?.(message.texts);
    else void this.#answer(message.id);
  }

  async #answer(id: number): Promise<void> {
    const text = await this.#metrics?.().catch(() => '');
    this.#send({ rpx: 'metrics', id, text: text ?? '' });
  }

  #send(message: ToPrimary): boolean {
    if (!process.connected) return false;
    // An error is handed to the callback: without one it would end the process.
    process.send?.(message, undefined, undefined, () => undefined);
    return true;
  }
}
