import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { newId } from '../common/ids.js';
import { SPOOL, type Spool } from '../usage/spool.js';
import type { HealthChange } from './health-change.js';
import { HealthService } from './health.service.js';

/** Writes each change of a resource's health into the record, once however many replicas hear of it. */
@Injectable()
export class HealthEventWriter implements OnApplicationBootstrap, OnApplicationShutdown {
  #unsubscribe: (() => void) | null = null;

  constructor(
    private readonly health: HealthService,
    @Inject(SPOOL) private readonly spool: Spool,
  ) {}

  onApplicationBootstrap(): void {
    this.#unsubscribe ??= this.health.onChange((change) => {
      if (!change.heard) this.#write(change);
    });
  }

  onApplicationShutdown(): void {
    this.#unsubscribe?.();
    this.#unsubscribe = null;
  }

  #write({ resourceId, at, from, to, severity, message }: HealthChange): void {
    this.spool.event({
      t: 'event',
      id: newId('evt', at),
      at,
      kind: 'resource.health',
      severity,
      resourceId,
      requestId: null,
      message,
      data: { from: from.status, to: to.status, reason: to.reason, until: to.until },
    });
  }
}
