import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Counter } from 'prom-client';
import { MetricsService } from '../infra/metrics/metrics.service.js';
import { BatchWriter } from './batch-writer.js';

/** What a worker has written, read when Prometheus asks. */
@Injectable()
export class WorkerGauges implements OnModuleInit {
  constructor(
    private readonly metrics: MetricsService,
    private readonly writer: BatchWriter,
  ) {}

  onModuleInit(): void {
    this.#counter('rpx_worker_batches_total', 'Batches of records written to SQL', () => this.writer.batches);
    this.#counter('rpx_worker_records_total', 'Records written to SQL', () => this.writer.records);
  }

  #counter(name: string, help: string, read: () => number): void {
    new Counter({
      name,
      help,
      registers: [this.metrics.registry],
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  }
}
