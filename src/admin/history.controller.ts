import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { Access } from '../common/access.js';
import type { Clock } from '../common/clock.js';
import { ProxyError } from '../common/errors.js';
import { CLOCK } from '../common/tokens.js';
import { DecisionReadModel } from '../usage/decision.read-model.js';
import { EventReadModel } from '../usage/event.read-model.js';
import { SessionReadModel } from '../usage/session.read-model.js';
import { UsageReadModel } from '../usage/usage.read-model.js';
import { ApiErrors } from './api-errors.js';
import { CallerNames } from './caller-names.service.js';
import { DecisionListDto } from './dto/decision.dto.js';
import { HistoryEventListDto } from './dto/history-event.dto.js';
import { DecisionsQuery, UsageQuery } from './dto/history-query.dto.js';
import { NoQueryDto } from './dto/no-query.dto.js';
import { PageQuery } from './dto/page-query.dto.js';
import { SessionDetailDto, SessionListDto } from './dto/session.dto.js';
import { UsageListDto } from './dto/usage.dto.js';
import { sessionIdParameter } from './record-id.js';
import { sinceParameter } from './since.js';
import { trafficFilter } from './traffic-filter.js';

@ApiTags('History')
@ApiBearerAuth()
@Access('telemetry')
@ApiErrors('invalid_parameter', 'unauthorized', 'too_many_attempts', 'database_unavailable')
@Controller('admin')
export class HistoryController {
  constructor(
    private readonly sessionRows: SessionReadModel,
    private readonly decisionRows: DecisionReadModel,
    private readonly usageRows: UsageReadModel,
    private readonly eventRows: EventReadModel,
    private readonly callers: CallerNames,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Get('sessions')
  @ApiOperation({ summary: 'Sessions with their totals, last seen first' })
  @ApiOkResponse({ type: SessionListDto })
  async sessions(@Query() query: PageQuery): Promise<SessionListDto> {
    const { rows, nextCursor } = await this.sessionRows.list(query);
    return { sessions: this.callers.named(rows), next_cursor: nextCursor };
  }

  @Get('sessions/:id')
  @ApiOperation({ summary: 'One session with its totals and its requests' })
  @ApiParam({ name: 'id', example: '0199f2a0-5b1e-7c3d-9a4f-1c2d3e4f5a6b' })
  @ApiOkResponse({ type: SessionDetailDto })
  @ApiErrors('not_found')
  async session(@Param('id') id: string, @Query() _query: NoQueryDto): Promise<SessionDetailDto> {
    const detail = await this.sessionRows.detail(sessionIdParameter(id));
    if (detail === null) throw new ProxyError('not_found', 'There is no such session.');
    const { session, children, requests } = detail;
    return {
      ...detail,
      session: { ...session, caller_name: this.callers.nameOf(session.caller_id) },
      children: this.callers.named(children),
      requests: this.callers.named(requests),
    };
  }

  @Get('decisions')
  @ApiOperation({ summary: 'Why each request went where it went, with every candidate' })
  @ApiOkResponse({ type: DecisionListDto })
  async decisions(@Query() query: DecisionsQuery): Promise<DecisionListDto> {
    const since = sinceParameter(query.since, this.clock.now());
    const filter = trafficFilter(query, this.callers, since);
    const { rows, nextCursor } = await this.decisionRows.list(filter);
    return { decisions: rows, next_cursor: nextCursor };
  }

  @Get('usage')
  @ApiOperation({ summary: 'Requests and tokens by model, resource, session, caller or hour' })
  @ApiOkResponse({ type: UsageListDto })
  async usage(@Query() query: UsageQuery): Promise<UsageListDto> {
    const since = sinceParameter(query.since, this.clock.now());
    const { rows, truncated, nextCursor } = await this.usageRows.list({ group_by: query.group_by, since });
    return { group_by: query.group_by, usage: rows, truncated, next_cursor: nextCursor };
  }

  @Get('history-events')
  @ApiOperation({ summary: 'What happened to resources and to the process: health changes, replays, losses' })
  @ApiOkResponse({ type: HistoryEventListDto })
  async events(@Query() query: PageQuery): Promise<HistoryEventListDto> {
    const { rows, nextCursor } = await this.eventRows.list(query);
    return { history_events: rows, next_cursor: nextCursor };
  }
}
