import { Controller, Get, Res, ServiceUnavailableException } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiServiceUnavailableResponse, ApiTags } from '@nestjs/swagger';
import { HealthCheckService, type HealthCheckResult } from '@nestjs/terminus';
import type { Response } from 'express';
import { Access } from '../common/access.js';
import { DatabaseIndicator } from './database.indicator.js';
import { DrainIndicator } from './drain.indicator.js';
import { RecordsIndicator } from './records.indicator.js';
import { RedisIndicator } from './redis.indicator.js';
import { FleetIndicator } from './fleet.indicator.js';
import { ResourcesIndicator } from './resources.indicator.js';

type Readiness = Omit<HealthCheckResult, 'status'> & { readonly status: 'ready' | 'not_ready' };

@ApiTags('Health')
@Controller()
export class HealthController {
  constructor(
    private readonly checks: HealthCheckService,
    private readonly resources: ResourcesIndicator,
    private readonly database: DatabaseIndicator,
    private readonly redis: RedisIndicator,
    private readonly records: RecordsIndicator,
    private readonly drain: DrainIndicator,
    private readonly fleet: FleetIndicator,
  ) {}

  /** The process lives and its event loop turns. Touches nothing else: a restart would not help anything else. */
  @Get('healthz')
  @Access('public')
  @ApiOperation({ summary: 'Whether the process lives' })
  @ApiOkResponse({ schema: { example: { status: 'ok' } } })
  healthz(): { status: 'ok' } {
    return { status: 'ok' };
  }

  @Get('readyz')
  @Access('public')
  @ApiOperation({ summary: 'Whether the process should be sent traffic, and if not, why' })
  @ApiOkResponse({
    schema: {
      example: {
        status: 'ready',
        info: {
          resources: { status: 'up', configured: 2, unhealthy: 0, degraded: false },
          database: { status: 'up' },
          records: { status: 'up', capture_degraded: false },
          process: { status: 'up' },
          fleet: { status: 'up' },
        },
        error: {},
        details: {
          resources: { status: 'up', configured: 2, unhealthy: 0, degraded: false },
          database: { status: 'up' },
          process: { status: 'up' },
        },
      },
    },
  })
  @ApiServiceUnavailableResponse({
    schema: {
      example: {
        status: 'not_ready',
        info: { database: { status: 'up' }, process: { status: 'up' } },
        error: { resources: { status: 'down', message: 'No OpenAI key is configured. …' } },
        details: {
          resources: { status: 'down', message: 'No OpenAI key is configured. …' },
          database: { status: 'up' },
          process: { status: 'up' },
        },
      },
    },
  })
  async readyz(@Res({ passthrough: true }) response: Response): Promise<Readiness> {
    const result = await this.#check();
    const ready = result.status === 'ok';
    if (!ready) response.status(503);
    return { ...result, status: ready ? 'ready' : 'not_ready' };
  }

  /** Terminus throws what it found; here "not ready" is an answer, not an error. */
  async #check(): Promise<HealthCheckResult> {
    try {
      return await this.checks.check([
        () => this.resources.check(),
        () => this.database.check(),
        () => this.redis.check(),
        () => this.records.check(),
        () => this.drain.check(),
        () => this.fleet.check(),
      ]);
    } catch (e: unknown) {
      if (e instanceof ServiceUnavailableException) return e.getResponse() as HealthCheckResult;
      throw e;
    }
  }
}
