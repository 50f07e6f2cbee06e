import { Controller, Get, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Access } from '../common/access.js';
import { SeriesReadModel } from '../usage/series.read-model.js';
import { ApiErrors } from './api-errors.js';
import { SeriesDto, SeriesQuery } from './dto/series.dto.js';

@ApiTags('History')
@ApiBearerAuth()
@Access('telemetry')
@ApiErrors('invalid_parameter', 'unauthorized', 'too_many_attempts', 'database_unavailable')
@Controller('admin/series')
export class SeriesController {
  constructor(private readonly series: SeriesReadModel) {}

  @Get()
  @ApiOperation({ summary: 'Requests, tokens, cost, latency and errors over time, in slices for charts' })
  @ApiOkResponse({ type: SeriesDto })
  read(@Query() query: SeriesQuery): Promise<SeriesDto> {
    return this.series.read(query.span);
  }
}
