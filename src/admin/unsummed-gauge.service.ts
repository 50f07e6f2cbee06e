import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { Gauge } from 'prom-client';
import type { Clock } from '../common/clock.js';
import { CLOCK } from '../common/tokens.js';
import { MetricsService } from '../infra/metrics/metrics.service.js';
import { DiagnosisReadModel } from '../usage/diagnosis.read-model.js';

/** Sums are made once an hour. */
const KNOWN_FOR_MS = 5 * 60_000;

/** Of the database, not of the process that tried last: any of them may have the next turn. No scrape waits for it. */
@Injectable()
export class UnsummedGauge implements OnModuleInit {
  #askedAt: number | null = null;

  constructor(
    private readonly metrics: MetricsService,
    private readonly history: DiagnosisReadModel,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    const gauge: Gauge = new Gauge({
      name: 'rpx_unsummed_hours',
      help: 'Hours that should be in the sums and are not; their requests are kept until they are',
      registers: [this.metrics.registry],
      collect: () => this.#refresh(gauge),
    });
  }

  #refresh(gauge: Gauge): void {
    const now = this.clock.monotonic();
    if (this.#askedAt !== null && now - this.#askedAt < KNOWN_FOR_MS) return;
    this.#askedAt = now;
    this.history.unsummed(this.clock.now()).then(
      ({ hours }) => gauge.set(hours),
      () => (this.#askedAt = null), // a database that is away is told by others
    );
  }
}
