import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import type { Clock } from '../common/clock.js';
import type { Logger } from '../common/logger.js';
import { CLOCK, LOGGER } from '../common/tokens.js';
import { APP_CONFIG, type AppConfig } from '../config/app-config.js';
import { PEERS, type Peer, type Peers } from '../state/peers.js';
import { findProblems, type FleetProblem, type FleetProblemCode, type FleetView } from './fleet-problems.js';
import { ProcessPresence } from './process-presence.service.js';

const LOOK_MS = 2_000;
/** A worker that is restarted or deployed is away for a while, and so is one that starts with us. */
const WITHOUT_WORKER_MS = 20_000;

/** Looks at all processes together, and says what does not fit: once in the log, and for as long as it lasts on request. */
@Injectable()
export class FleetWatch implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #changed = new Set<() => void>();
  #problems: readonly FleetProblem[] = [];
  /** Monotonic: when somebody who writes history was last seen, or could not have been. */
  #workerSeenAt: number;
  #timer: NodeJS.Timeout | null = null;
  #stop: (() => void) | null = null;

  constructor(
    @Inject(APP_CONFIG) private readonly config: AppConfig,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(PEERS) private readonly peers: Peers,
    private readonly presence: ProcessPresence,
  ) {
    this.#workerSeenAt = clock.monotonic();
  }

  get problems(): readonly FleetProblem[] {
    return this.#problems;
  }

  /** Called after each change of the problems. Returns the unsubscribe function. */
  onChange(listener: () => void): () => void {
    this.#changed.add(listener);
    return () => void this.#changed.delete(listener);
  }

  onApplicationBootstrap(): void {
    this.#stop = this.peers.onChange(() => this.look());
    // Not every fact of a process is told with its coming and going.
    this.#timer = setInterval(() => this.look(), LOOK_MS).unref();
    this.look();
  }

  beforeApplicationShutdown(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#stop?.();
  }

  look(): void {
    const before = this.#problems;
    const now = findProblems(this.#view());
    const appeared = now.filter((one) => !has(before, one));
    const gone = before.filter((one) => !now.some(({ code }) => code === one.code));
    if (appeared.length === 0 && gone.length === 0 && now.length === before.length) return;
    this.#problems = now;
    for (const { code, message } of appeared)
      this.logger[severityOf(code)]({ event: 'fleet.problem', problem: code }, message);
    for (const { code } of gone)
      this.logger.info({ event: 'fleet.problem_over', problem: code }, `no longer: ${code}`);
    for (const listener of this.#changed) listener();
  }

  #view(): FleetView {
    const all = this.peers.list();
    const self = all.find((peer) => peer.self);
    const others = all.filter((peer) => !peer.self);
    return {
      self: {
        instanceId: self?.instanceId ?? '',
        role: self?.role ?? 'api',
        host: self?.host ?? '',
        databaseId: this.presence.databaseId,
        databaseOrigin: this.config.database.origin,
      },
      link: this.peers.link,
      peers: others,
      processes: this.presence.others(),
      lacksWorker: this.#lacksWorker(all),
    };
  }

  #lacksWorker(all: readonly Peer[]): boolean {
    const now = this.clock.monotonic();
    const unknown = this.peers.link.status !== 'up' || this.config.inProcessWorker;
    if (unknown || all.some(writesHistory)) this.#workerSeenAt = now;
    return now - this.#workerSeenAt > WITHOUT_WORKER_MS;
  }
}

/** Records part ways until somebody acts; without a worker they only arrive at the replicas' expense. */
function severityOf(code: FleetProblemCode): 'error' | 'warn' {
  return code === 'other_database' || code === 'other_redis' ? 'error' : 'warn';
}

/** A worker, or a replica with one inside. */
function writesHistory(peer: Peer): boolean {
  return peer.role === 'worker' || peer.works || peer.batches > 0;
}

function has(problems: readonly FleetProblem[], one: FleetProblem): boolean {
  return problems.some(({ code, message }) => code === one.code && message === one.message);
}
