import { Controller, HttpCode, Inject, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Access } from '../common/access.js';
import type { Clock } from '../common/clock.js';
import { CLOCK } from '../common/tokens.js';
import { ProberService } from '../health/prober.service.js';
import { ApiErrors } from './api-errors.js';
import { HealthCheckDto } from './dto/health-check.dto.js';
import { NoQueryDto } from './dto/no-query.dto.js';

@ApiTags('Live')
@ApiBearerAuth()
@Access('admin')
@Controller('admin/health')
export class HealthCheckController {
  constructor(
    private readonly prober: ProberService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Post('check')
  @HttpCode(200)
  @ApiOperation({ summary: 'Probe every resource now and answer what each one said' })
  @ApiOkResponse({ type: HealthCheckDto })
  @ApiErrors('invalid_parameter', 'unauthorized', 'forbidden', 'unsupported_media_type', 'too_many_attempts')
  async check(@Query() _query: NoQueryDto): Promise<HealthCheckDto> {
    const results = await this.prober.probeAll();
    return {
      results: results.map(({ resource_id, ok, status_code, latency_ms, error }) => ({
        resource_id,
        ok,
        status_code,
        latency_ms,
        error,
      })),
      timestamp: this.clock.now(),
    };
  }
}
