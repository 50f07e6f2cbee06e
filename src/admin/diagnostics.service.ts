import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '../common/clock.js';
import type { Logger } from '../common/logger.js';
import { CLOCK, LOGGER } from '../common/tokens.js';
import { diagnose, findingsOf } from '../diagnosis/diagnose.js';
import type { Facts, KeyFacts } from '../diagnosis/facts.js';
import type { DiagnosedKeyDto, DiagnosticsDto } from './dto/diagnostics.dto.js';
import { KeyFactsService } from './key-facts.service.js';
import { ProcessViewService } from './process-view.service.js';
import { StoreFactsService } from './store-facts.service.js';
import { UseFactsService } from './use-facts.service.js';

/** Asks everything that this process can see. Those who ask at the same time share one answer: upstreams are asked, too. */
@Injectable()
export class DiagnosticsService {
  #running: Promise<DiagnosticsDto> | null = null;

  constructor(
    private readonly keys: KeyFactsService,
    private readonly stores: StoreFactsService,
    private readonly uses: UseFactsService,
    private readonly process: ProcessViewService,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  run(): Promise<DiagnosticsDto> {
    this.#running ??= this.#run().finally(() => (this.#running = null));
    return this.#running;
  }

  /** Whoever asks is in trouble: what cannot be seen is left out, and the rest is told. */
  async #seen<T>(facts: Promise<T>): Promise<T | null> {
    try {
      return await facts;
    } catch (e: unknown) {
      this.logger.error({ err: e }, 'a part of the diagnosis failed');
      return null;
    }
  }

  async #run(): Promise<DiagnosticsDto> {
    const started = this.clock.monotonic();
    const now = this.clock.now();
    const [keys, stores, uses] = await Promise.all([
      this.#seen(this.keys.gather()),
      this.#seen(this.stores.gather()),
      this.#seen(this.uses.gather(now, this.process.uptimeSeconds() * 1000)),
    ]);
    const facts: Facts = { now, ...keys, ...stores, ...uses };
    const diagnosis = diagnose(facts);
    return {
      status: diagnosis.status,
      findings: findingsOf(diagnosis),
      checks: diagnosis.checks,
      keys: (facts.keys ?? []).map(toKeyDto),
      version: this.process.version,
      instance_id: this.process.instanceId,
      duration_ms: Math.round(this.clock.monotonic() - started),
      timestamp: now,
    };
  }
}

function toKeyDto(key: KeyFacts): DiagnosedKeyDto {
  return {
    resource_id: key.id,
    origin: key.origin,
    pool_id: key.poolId,
    organization: key.organization,
    status: key.status,
    reason: key.reason,
    models: key.models,
    denied_models: key.deniedModels,
  };
}
