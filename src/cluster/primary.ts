import cluster, { type Worker } from 'node:cluster';
import type { Logger } from '../common/logger.js';
import { afterExit, exitCodeOf } from './after-exit.js';
import { isOurs, PLACE_VARIABLE, type ToMember, type ToPrimary } from './messages.js';
import { MetricsRound } from './metrics-round.js';
import { nodeFlags } from './node-flags.js';
import { returnUntaken } from './return-untaken.js';

/** A process that ends earlier than this has ended soon, and the next one waits longer. */
const SOON_MS = 30_000;

interface Place {
  readonly number: number;
  worker: Worker | null;
  serves: boolean;
  /** It was told to stop, and not by the primary. */
  leaving: boolean;
  startedAt: number;
  soon: number;
  /** Until the next start. */
  pause: NodeJS.Timeout | null;
}

/**
 * Starts the processes that serve one port, starts anew what ends, and serves nothing itself. The first process starts
 * alone: it migrates the database and says what is wrong, once; the others follow when it listens.
 */
export class Primary {
  readonly #places: readonly Place[];
  readonly #rounds: MetricsRound;
  #announced = false;
  #stopping = false;
  #code = 0;
  #end: (code: number) => void = () => undefined;

  constructor(
    processes: number,
    private readonly logger: Logger,
    /** Called once, when the first process listens. */
    private readonly announce: (resources: number) => void,
  ) {
    this.#places = Array.from({ length: processes }, (_, i) => newPlace(i + 1));
    this.#rounds = new MetricsRound((place, message) => tell(this.#places[place - 1]?.worker, message));
  }

  /** Resolves to the exit code when the last process has ended. */
  run(): Promise<number> {
    cluster.setupPrimary({ args: ['serve'], execArgv: [...nodeFlags(process.execArgv)] });
    const onSignal = (signal: NodeJS.Signals): void => this.#stop(signal);
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
    const [first] = this.#places;
    if (first !== undefined) this.#start(first);
    return new Promise((resolve) => (this.#end = resolve));
  }

  #start(place: Place): void {
    Object.assign(place, {
      worker: null,
      serves: false,
      leaving: false,
      startedAt: performance.now(),
      pause: null,
    });
    const worker = this.#fork(place);
    if (worker === null) return this.#ended(place, null, null);
    place.worker = worker;
    returnUntaken(worker.process, () => this.#serving().some((other) => other !== place));
    worker.on('message', (message: unknown) => {
      if (isOurs(message)) this.#hear(place, message as ToPrimary);
    });
    worker.once('exit', (code: number | null, signal: NodeJS.Signals | null) =>
      this.#ended(place, code, signal),
    );
    worker.on('error', (error) => {
      this.logger.error({ err: error }, 'a process could not be started or told');
      if (worker.process.pid === undefined) this.#ended(place, null, null);
    });
  }

  /** Null = there is no memory for it, say: no reason to take the others along. */
  #fork(place: Place): Worker | null {
    try {
      return cluster.fork({ [PLACE_VARIABLE]: String(place.number) });
    } catch (error: unknown) {
      this.logger.error({ err: error }, 'a process could not be started');
      return null;
    }
  }

  #hear(place: Place, message: ToPrimary): void {
    if (message.rpx === 'up') this.#up(place, message.resources);
    else if (message.rpx === 'leaving') this.#leaving(place);
    else if (message.rpx === 'metrics') this.#rounds.told(place.number, message.id, message.text);
    else this.#rounds.ask(place.number, message.id, numbersOf(this.#serving()));
  }

  #up(place: Place, resources: number): void {
    place.serves = true;
    if (this.#announced || this.#stopping) return;
    this.#announced = true;
    this.announce(resources);
    for (const other of this.#places) if (other.worker === null) this.#start(other);
  }

  /** The last one keeps its listener: without any there would be no port, and nobody to say why. */
  #leaving(place: Place): void {
    place.leaving = true;
    const othersTake = !this.#stopping && this.#serving().some(({ leaving }) => !leaving);
    tell(place.worker, { rpx: 'left', othersTake });
  }

  #ended(place: Place, code: number | null, signal: NodeJS.Signals | null): void {
    const served = place.serves;
    const pid = place.worker?.process.pid;
    place.worker = null;
    place.serves = false;
    this.#rounds.gone(place.number);
    if (this.#stopping) {
      // What was still starting has no handler for the signal and simply ends of it.
      const told = signal === 'SIGTERM' || signal === 'SIGINT';
      if (served || !told) this.#code = Math.max(this.#code, exitCodeOf(code, signal));
      this.#endIfAlone();
      return;
    }
    place.soon = performance.now() - place.startedAt < SOON_MS ? place.soon + 1 : 1;
    const othersServe = this.#serving().length > 0;
    const next = afterExit({ code, signal, served, othersServe, soon: place.soon });
    if ('endWith' in next) {
      this.#code = next.endWith;
      this.#stop('SIGTERM');
      return;
    }
    const how = signal === null ? `with exit code ${code}` : `by signal ${signal}`;
    this.logger.error(
      { event: 'process.ended', process: place.number, pid, code, signal, again_in_ms: next.pauseMs },
      `process ${place.number} of ${this.#places.length} ended ${how} and is started again`,
    );
    place.pause = setTimeout(() => this.#start(place), next.pauseMs);
  }

  /** A second time it hurries. A terminal and some supervisors tell every process; once is once for all of them. */
  #stop(signal: NodeJS.Signals): void {
    const again = this.#stopping;
    this.#stopping = true;
    for (const place of this.#places) {
      if (place.pause !== null) clearTimeout(place.pause);
      place.pause = null;
      if (again) tell(place.worker, { rpx: 'hurry' });
      else place.worker?.process.kill(signal === 'SIGINT' && place.serves ? 'SIGINT' : 'SIGTERM');
    }
    this.#endIfAlone();
  }

  #endIfAlone(): void {
    if (this.#places.every(({ worker }) => worker === null)) this.#end(this.#code);
  }

  #serving(): Place[] {
    return this.#places.filter(({ serves }) => serves);
  }
}

function newPlace(number: number): Place {
  return { number, worker: null, serves: false, leaving: false, startedAt: 0, soon: 0, pause: null };
}

function numbersOf(places: readonly Place[]): number[] {
  return places.map(({ number }) => number);
}

function tell(worker: Worker | null | undefined, message: ToMember): void {
  if (worker?.isConnected() === true) worker.send(message, undefined, undefined, () => undefined);
}
