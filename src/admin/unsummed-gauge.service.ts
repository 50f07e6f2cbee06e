import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { Gauge } from 'prom-client';
import type { Clock } from '../common/clock.js';
import { CLOCK } from '../common/tokens.js';
import { MetricsService } from '../infra/metrics/metrics.service.js';
import { DiagnosisReadModel } from '../usage/diagnosis.read-model.js';

/** Sums are made once an hour. */
const KNOWN_FOR_MS = 5 * 60_000;
const AGAIN_AFTER_MS = 60_000;

/**
 * Of the database, not of the process that tried last: any of them may have the next turn. No scrape waits for it, and until
 * it is known there is no sample: 0 would say that all is well.
 */
@Injectable()
export class UnsummedGauge implements OnModuleInit {
  /** On the monotonic clock; Infinity while it is asked. */
  #nextAt = -Infinity;

  constructor(
    private readonly metrics: MetricsService,
    @Inject(DiagnosisReadModel) private readonly history: Pick<DiagnosisReadModel, 'unsummedPatiently'>,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    const gauge: Gauge = new Gauge({
      name: 'rpx_unsummed_hours',
      help: 'Hours that should be in the sums and are not; their requests are kept until they are',
      registers: [this.metrics.registry],
      collect: () => this.#refresh(gauge),
    });
    gauge.remove();
  }

  #refresh(gauge: Gauge): void {
    const now = this.clock.monotonic();
    if (now < this.#nextAt) return;
    this.#nextAt = Infinity;
    const again = (afterMs: number): void => void (this.#nextAt = this.clock.monotonic() + afterMs);
    this.history.unsummedPatiently(this.clock.now()).then(
      ({ hours }) => {
        gauge.set(hours);
        again(KNOWN_FOR_MS);
      },
      () => again(AGAIN_AFTER_MS), // a database that is away is told by others
    );
  }
}
