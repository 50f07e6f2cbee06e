import { Controller, Get, Query, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { Access } from '../common/access.js';
import { MetricsService } from '../infra/metrics/metrics.service.js';
import { ApiErrors } from './api-errors.js';
import { NoQueryDto } from './dto/no-query.dto.js';

const EXAMPLE = `# HELP rpx_requests_total Finished requests by final state
# TYPE rpx_requests_total counter
rpx_requests_total{state="completed",transport="http"} 42
`;

@ApiTags('Metrics')
@ApiBearerAuth()
@Access('telemetry')
@Controller('metrics')
export class MetricsController {
  constructor(private readonly metrics: MetricsService) {}

  @Get()
  @ApiOperation({ summary: 'Counters, histograms and gauges for Prometheus' })
  @ApiProduces('text/plain')
  @ApiOkResponse({
    description: 'Prometheus text format',
    content: { 'text/plain': { schema: { type: 'string' }, example: EXAMPLE } },
  })
  @ApiErrors('invalid_parameter', 'unauthorized', 'too_many_attempts')
  async read(@Query() _query: NoQueryDto, @Res() res: Response): Promise<void> {
    const { contentType } = this.metrics.registry;
    const text = await this.metrics.text();
    res.status(200).set({ 'content-type': contentType, 'cache-control': 'no-store' }).send(text);
  }
}
