import { stat } from 'node:fs/promises';
import { setImmediate as yieldToLoop } from 'node:timers/promises';
import type { Clock } from '../common/clock.js';
import { newId } from '../common/ids.js';
import type { Logger } from '../common/logger.js';
import type { FileSpool } from './file-spool.js';
import type { RecordDeliverer } from './record-deliverer.js';
import type { FinishedRecord } from './records.js';
import { readBatch } from './segment-reader.js';
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

  constructor(
    private readonly options: SpoolAdopterOptions,
    private readonly spool: FileSpool,
    private readonly deliverer: RecordDeliverer,
    private readonly unfinished: Pick<UnfinishedReadModel, 'ofInstance'>,
  ) {}

  /** Adopts every orphan there is; how many are home. With the way to SQL blocked the rest is kept for the next call. */
  adoptAll(): Promise<number> {
    this.#running ??= this.#adoptAll().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #adoptAll(): Promise<number> {
    const { root, instanceId, clock, logger } = this.options;
    const claims = SpoolClaim.claimAll(root, instanceId, clock.now());
    let home = 0;
    try {
      this.spool.foreignBytes = claims.reduce((total, claim) => total + claim.bytes, 0);
      for (const claim of claims) {
        await this.#adopt(claim);
        home++;
      }
      this.spool.foreignBytes = 0;
    } catch (e: unknown) {
      // Not lost: the directory stays ours and is tried again.
      logger.debug({ event: 'spool.adoption_waits', err: e }, 'orphaned spool waits for SQL');
    }
    return home;
  }

  async #adopt(claim: SpoolClaim): Promise<void> {
    let records = 0;
    let torn = 0;
    for (const segment of claim.segments()) {
      const result = await this.#replay(claim, segment);
      records += result.records;
      torn += result.torn;
    }
    const interrupted = await this.#interrupt(claim);
    this.spool.foreignBytes = Math.max(0, this.spool.foreignBytes - claim.bytes);
    claim.remove();
    this.spool.tornRecords += torn;
    this.#tell(claim, { records, torn, interrupted });
  }

  async #replay(
    claim: SpoolClaim,
    segment: Parameters<typeof readBatch>[0],
  ): Promise<{ records: number; torn: number }> {
    const { size } = await stat(segment.path);
    let records = 0;
    let torn = 0;
    for (let offset = 0; offset < size;) {
      const batch = await readBatch(segment, offset, size);
      await this.deliverer.deliver(batch.records);
      records += batch.records.length;
      torn += batch.torn;
      offset = batch.next;
      claim.beat();
      await yieldToLoop();
    }
    return { records, torn };
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
