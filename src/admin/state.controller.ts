import { Controller, Get, Query, Res } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiOkResponse,
  ApiOperation,
  ApiProduces,
  ApiTags,
  getSchemaPath,
} from '@nestjs/swagger';
import type { Response } from 'express';
import { Access } from '../common/access.js';
import { ApiErrors } from './api-errors.js';
import { AdminStateDto } from './dto/admin-state.dto.js';
import { NoQueryDto } from './dto/no-query.dto.js';
import { LiveEventsService } from './live-events.service.js';
import { StateViewService } from './state-view.service.js';

@ApiTags('Live')
@ApiBearerAuth()
@Access('telemetry')
@ApiErrors('invalid_parameter', 'unauthorized', 'too_many_attempts')
@Controller('admin')
export class StateController {
  constructor(
    private readonly state: StateViewService,
    private readonly events: LiveEventsService,
  ) {}

  @Get('state')
  @ApiOperation({ summary: 'What the proxy knows right now: resources, last decisions, queue' })
  @ApiOkResponse({ type: AdminStateDto })
  now(@Query() _query: NoQueryDto): AdminStateDto {
    return this.state.now();
  }

  @Get('events')
  @ApiOperation({
    summary: 'The same as server-sent events, on change and at least every 5 s',
    description:
      'Each `data:` line is one whole state. At most 50 connections, 10 of one address; readers that fall behind are dropped.',
  })
  @ApiProduces('text/event-stream')
  @ApiOkResponse({
    description: 'A stream of states',
    content: { 'text/event-stream': { schema: { $ref: getSchemaPath(AdminStateDto) } } },
  })
  @ApiErrors('overloaded', 'server_shutdown')
  stream(@Query() _query: NoQueryDto, @Res() res: Response): void {
    this.events.open(res);
  }
}
