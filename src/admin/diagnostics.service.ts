import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '../common/clock.js';
import type { Logger } from '../common/logger.js';
import { CLOCK, LOGGER } from '../common/tokens.js';
import { processEnvironment } from '../config/process-environment.js';
import { codexFiles } from '../diagnosis/codex-files.js';
import { diagnose, findingsOf } from '../diagnosis/diagnose.js';
import type { Facts } from '../diagnosis/facts.js';
import { ownAddress } from '../diagnosis/own-address.js';
import { toldCodexFile, type ToldCodexFile } from '../diagnosis/told-codex-file.js';
import { toldKey } from '../diagnosis/told-key.js';
import { AccessCheck } from './access-check.service.js';
import type { DiagnosticsDto } from './dto/diagnostics.dto.js';
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
    private readonly access: AccessCheck,
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
      keys: (facts.keys ?? []).map(toldKey),
      // Paths and addresses of whoever runs this are nothing for everybody.
      codex_files: this.access.readableByAll ? [] : codexFilesHere(facts),
      version: this.process.version,
      instance_id: this.process.instanceId,
      duration_ms: Math.round(this.clock.monotonic() - started),
      timestamp: now,
    };
  }
}

/** Whoever runs this process may run Codex, too; of variables that it would find nothing is known here. */
function codexFilesHere({ traffic }: Facts): ToldCodexFile[] {
  const here = ownAddress(traffic?.baseUrl ?? '');
  return codexFiles(processEnvironment(), process.cwd(), { here: [here], isSet: () => true }).map(
    toldCodexFile,
  );
}
