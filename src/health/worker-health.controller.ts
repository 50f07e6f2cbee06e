import { Controller, Get, Res, ServiceUnavailableException } from '@nestjs/common';
import { HealthCheckService, type HealthCheckResult } from '@nestjs/terminus';
import type { Response } from 'express';
import { Access } from '../common/access.js';
import { DatabaseIndicator } from './database.indicator.js';
import { DrainIndicator } from './drain.indicator.js';
import { QueueIndicator } from './queue.indicator.js';

/** What an orchestrator asks a worker. */
@Controller()
export class WorkerHealthController {
  constructor(
    private readonly checks: HealthCheckService,
    private readonly database: DatabaseIndicator,
    private readonly queue: QueueIndicator,
    private readonly drain: DrainIndicator,
  ) {}

  @Get('healthz')
  @Access('public')
  healthz(): { status: 'ok' } {
    return { status: 'ok' };
  }

  @Get('readyz')
  @Access('public')
  async readyz(@Res({ passthrough: true }) response: Response): Promise<object> {
    const result = await this.#check();
    const ready = result.status === 'ok';
    if (!ready) response.status(503);
    return { ...result, status: ready ? 'ready' : 'not_ready' };
  }

  async #check(): Promise<HealthCheckResult> {
    try {
      return await this.checks.check([
        () => this.database.check(),
        () => this.queue.check(),
        () => this.drain.check(),
      ]);
    } catch (e: unknown) {
      if (e instanceof ServiceUnavailableException) return e.getResponse() as HealthCheckResult;
      throw e;
    }
  }
}
