import type { Clock } from '../common/clock.js';
import { newId } from '../common/ids.js';
import type { Logger } from '../common/logger.js';
import { type Backlog, earlier, NO_BACKLOG } from './backlog.js';
import type { FileSpool } from './file-spool.js';
import { OrphanSpool } from './orphan-spool.js';
import type { RecordDeliverer } from './record-deliverer.js';
import type { FinishedRecord } from './records.js';
import { SpoolClaim } from './spool-claim.js';
import type { SpooledRecord } from './telemetry-queue.js';
import type { UnfinishedReadModel, UnfinishedRequest } from './unfinished.read-model.js';

const UNFINISHED_BATCH = 200;

export interface SpoolAdopterOptions {
  /** `<dataDir>/spool`. */
  readonly root: string;
  readonly instanceId: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Brings home the spools of processes that ended without draining them. What they had started and not finished becomes
 * `interrupted`.
 */
export class SpoolAdopter {
  #running: Promise<number> | null = null;
  /** By directory, in the order they were taken over. */
  readonly #orphans = new Map<string, OrphanSpool>();

  constructor(
    private readonly options: SpoolAdopterOptions,
    private readonly spool: FileSpool,
    private readonly deliverer: RecordDeliverer,
    private readonly unfinished: Pick<UnfinishedReadModel, 'ofInstance'>,
  ) {
    spool.adopted = () => this.#backlog();
  }

  /** Adopts every orphan there is; how many are home. With the way to SQL blocked the rest is kept for the next call. */
  adoptAll(): Promise<number> {
    this.#running ??= this.#adoptAll().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #adoptAll(): Promise<number> {
    const { root, instanceId, clock, logger } = this.options;
    let home = 0;
    try {
      await this.#take(SpoolClaim.claimAll(root, instanceId, clock.now()));
      for (const orphan of this.#orphans.values()) {
        await this.#adopt(orphan);
        home++;
      }
    } catch (e: unknown) {
      // Not lost: the directory stays ours and is tried again.
      logger.debug({ event: 'spool.adoption_waits', err: e }, 'orphaned spool waits for SQL');
    }
    return home;
  }

  /** Those that are known go on where they were. */
  async #take(claims: readonly SpoolClaim[]): Promise<void> {
    const ours = new Set(claims.map(({ directory }) => directory));
    for (const directory of this.#orphans.keys()) if (!ours.has(directory)) this.#orphans.delete(directory);
    for (const claim of claims) {
      if (this.#orphans.has(claim.directory)) continue;
      const orphan = new OrphanSpool(claim);
      await orphan.measure();
      this.#orphans.set(claim.directory, orphan);
    }
  }

  async #adopt(orphan: OrphanSpool): Promise<void> {
    const { claim } = orphan;
    await orphan.replay((batch) => this.deliverer.deliver(batch));
    const interrupted = await this.#interrupt(claim);
    claim.remove();
    this.#orphans.delete(claim.directory);
    const { records, torn } = orphan;
    this.spool.tornRecords += torn;
    this.#tell(claim, { records, torn, interrupted });
  }

  #backlog(): Backlog {
    if (this.#orphans.size === 0) return NO_BACKLOG;
    let total = NO_BACKLOG;
    for (const { pending, bytes, oldestAt } of this.#orphans.values())
      total = {
        pending: total.pending + pending,
        bytes: total.bytes + bytes,
        oldestAt: earlier(total.oldestAt, oldestAt),
      };
    return total;
  }

  /** Also those whose start had been drained long before the process died. */
  async #interrupt(claim: SpoolClaim): Promise<number> {
    let total = 0;
    let previous: string | null = null;
    for (;;) {
      const open = await this.unfinished.ofInstance(claim.instanceId, UNFINISHED_BATCH);
      const first = open[0]?.id ?? null;
      // The same one again: SQL refused to take its end, which was put aside.
      if (first === null || first === previous) return total;
      previous = first;
      await this.deliverer.deliver(open.map((request) => interruption(request, claim.diedAt)));
      total += open.length;
    }
  }

  #tell(claim: SpoolClaim, counts: { records: number; torn: number; interrupted: number }): void {
    const { clock, logger } = this.options;
    logger.info(
      { event: 'spool.adopted', from: claim.instanceId, ...counts },
      'records of an ended process adopted',
    );
    const at = clock.now();
    this.spool.event({
      t: 'event',
      id: newId('evt', at),
      at,
      kind: 'spool.adopted',
      severity: counts.interrupted + counts.torn > 0 ? 'warn' : 'info',
      resourceId: null,
      requestId: null,
      message: `${counts.records} records of a process that had ended were recovered; ${counts.interrupted} of its requests were interrupted.`,
      data: { from: claim.instanceId, ...counts },
    });
  }
}

function interruption(request: UnfinishedRequest, diedAt: number): SpooledRecord {
  const record: FinishedRecord = {
    t: 'finished',
    id: request.id,
    startedAt: request.started_at,
    at: Math.max(diedAt, request.started_at),
    state: 'interrupted',
    statusCode: null,
    resourceId: request.resource_id,
    errorCode: 'interrupted',
    errorMessage: 'The proxy process ended before this request did.',
    errorSource: 'proxy',
    latencyMs: Math.max(0, diedAt - request.started_at),
    firstByteMs: null,
    responseBytes: null,
    responseId: null,
    upstreamRequestId: null,
    servedModel: null,
    usage: null,
    attempts: [],
    decisions: [],
    bindings: [],
    rejected: null,
  };
  return { record, body: null };
}
