import { Controller, Get, Inject, Param, Query, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiParam, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { Access } from '../common/access.js';
import type { Clock } from '../common/clock.js';
import { ProxyError } from '../common/errors.js';
import { CLOCK } from '../common/tokens.js';
import { RequestReadModel } from '../usage/request.read-model.js';
import { ApiErrors } from './api-errors.js';
import { CallerNames } from './caller-names.service.js';
import { decodedBody } from './decoded-body.js';
import { BodyQuery, RequestsQuery } from './dto/history-query.dto.js';
import { NoQueryDto } from './dto/no-query.dto.js';
import { RequestDetailDto, RequestListDto } from './dto/request.dto.js';
import { requestIdParameter } from './record-id.js';
import { sinceParameter } from './since.js';
import { trafficFilter } from './traffic-filter.js';

const ID = { name: 'id', example: 'req_019a2b3c4d5e0123456789abcdef0123' };

@ApiTags('History')
@ApiBearerAuth()
@Access('telemetry')
@ApiErrors('invalid_parameter', 'unauthorized', 'too_many_attempts', 'database_unavailable')
@Controller('admin/requests')
export class RequestsController {
  constructor(
    private readonly requests: RequestReadModel,
    private readonly callers: CallerNames,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Get()
  @ApiOperation({ summary: 'Requests, newest first: metadata, tokens, latency and error, never bodies' })
  @ApiOkResponse({ type: RequestListDto })
  async list(@Query() query: RequestsQuery): Promise<RequestListDto> {
    const since = sinceParameter(query.since, this.clock.now());
    const filter = trafficFilter(query, this.callers, since);
    const { rows, nextCursor } = await this.requests.list(filter);
    return { requests: this.callers.named(rows), next_cursor: nextCursor };
  }

  @Get(':id')
  @ApiOperation({ summary: 'One request with its attempts, its decisions and what was captured' })
  @ApiParam(ID)
  @ApiOkResponse({ type: RequestDetailDto })
  @ApiErrors('not_found')
  async detail(@Param('id') id: string, @Query() _query: NoQueryDto): Promise<RequestDetailDto> {
    const detail = await this.requests.detail(requestIdParameter(id));
    if (detail === null)
      throw new ProxyError('not_found', 'There is no such request, or it has been pruned.');
    const { request } = detail;
    return { ...detail, request: { ...request, caller_name: this.callers.nameOf(request.caller_id) } };
  }

  /** Bodies hold conversations, so reading telemetry is not enough; and whatever they hold, a browser never renders it. */
  @Get(':id/body/:direction')
  @Access('admin')
  @ApiOperation({
    summary: 'A captured body as a plain text download',
    description:
      'The bytes as they passed through, at most PROXY_MAX_CAPTURE_BYTES of them; `x-captured-*` headers say more. ' +
      'With `decoded=1` as text: without their content-encoding, the first 10 MB of that; `x-captured-note` says what is missing.',
  })
  @ApiParam(ID)
  @ApiParam({ name: 'direction', enum: ['request', 'response'], example: 'response' })
  @ApiProduces('text/plain')
  @ApiOkResponse({
    description: 'The captured bytes',
    content: {
      'text/plain': {
        schema: { type: 'string', format: 'binary' },
        example: '{"model":"gpt-5","input":"Hi"}',
      },
    },
  })
  @ApiErrors('not_found')
  async body(
    @Param('id') id: string,
    @Param('direction') direction: string,
    @Query() query: BodyQuery,
    @Res() res: Response,
  ): Promise<void> {
    if (direction !== 'request' && direction !== 'response') {
      throw new ProxyError('invalid_parameter', 'direction must be request or response.', {
        param: 'direction',
      });
    }
    const body = await this.requests.body(requestIdParameter(id), direction);
    if (body === null) throw new ProxyError('not_found', 'Nothing was captured, or it has been pruned.');
    const { content, note } =
      query.decoded === '1' ? await decodedBody(body) : { content: body.content, note: null };
    res.set({
      'content-type': 'text/plain; charset=utf-8',
      'content-disposition': `attachment; filename="${direction}-body.txt"`,
      'x-content-type-options': 'nosniff',
      'x-captured-content-type': printable(body.content_type),
      'x-captured-content-encoding': printable(body.content_encoding),
      'x-captured-truncated': String(body.truncated),
      ...(note === null ? {} : { 'x-captured-note': note }),
    });
    res.end(content);
  }
}

/** Stored header values come from outside; only what may stand in a header goes back into one. */
function printable(value: string | null): string {
  return (value ?? '').replaceAll(/[^\x20-\x7e]/g, '').slice(0, 200);
}
