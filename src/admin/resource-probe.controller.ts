import { Controller, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { Access } from '../common/access.js';
import type { Clock } from '../common/clock.js';
import { ProxyError } from '../common/errors.js';
import { CLOCK } from '../common/tokens.js';
import { ProberService } from '../health/prober.service.js';
import { ApiErrors } from './api-errors.js';
import { NoQueryDto } from './dto/no-query.dto.js';
import { ResourceProbeDto } from './dto/resource-probe.dto.js';
import { probeWords } from './probe-words.js';
import { toHealthDto } from './resource-view.service.js';

@ApiTags('Live')
@ApiBearerAuth()
@Access('admin')
@Controller('admin/resources')
export class ResourceProbeController {
  constructor(
    private readonly prober: ProberService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Post(':id/probe')
  @HttpCode(200)
  @ApiOperation({ summary: 'Probe one resource now; what it says counts like any other probe' })
  @ApiParam({ name: 'id', example: 'openai-1' })
  @ApiOkResponse({ type: ResourceProbeDto })
  @ApiErrors(
    'invalid_parameter',
    'unauthorized',
    'forbidden',
    'not_found',
    'unsupported_media_type',
    'too_many_attempts',
  )
  async probe(@Param('id') id: string, @Query() _query: NoQueryDto): Promise<ResourceProbeDto> {
    const result = await this.prober.probe(id);
    if (result === null)
      throw new ProxyError('not_found', 'There is no such resource; GET /admin/state lists them.');
    const { resource_id, ok, status_code, latency_ms, error } = result;
    return {
      resource_id,
      ok,
      status_code,
      latency_ms,
      error,
      ...probeWords(result),
      health: toHealthDto(result.health),
      timestamp: this.clock.now(),
    };
  }
}
