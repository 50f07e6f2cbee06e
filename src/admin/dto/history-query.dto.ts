import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsInt, IsOptional, Max, Min } from 'class-validator';
import { REQUEST_STATES } from '../../common/request-states.js';
import { USAGE_GROUPS, type UsageGroup } from '../../usage/usage.read-model.js';
import { ExactFilter, PageQuery, SinceFilter, WholeNumber } from './page-query.dto.js';

const STATUS_MESSAGE = 'status_code must be a whole number from 100 to 599.';

const NAMES_OF_A_REQUEST =
  'Its id, the id of its response (`resp_…`), or the upstream’s id of it (the `x-request-id` of the answer)';
const CALLER = 'Id of a client key, or its name; `loopback` or `anonymous` for callers without one';

/** What both lists can be narrowed by. */
class TrafficQuery extends PageQuery {
  @ExactFilter('req_019a2b3c4d5e0123456789abcdef0123', NAMES_OF_A_REQUEST)
  readonly request_id?: string;

  @ExactFilter('0199f2a0-5b1e-7c3d-9a4f-1c2d3e4f5a6b')
  readonly session_id?: string;

  @ExactFilter('openai-1')
  readonly resource_id?: string;

  @ApiPropertyOptional({ type: 'integer', minimum: 100, maximum: 599, example: 200 })
  @IsOptional()
  @WholeNumber()
  @Max(599, { message: STATUS_MESSAGE })
  @Min(100, { message: STATUS_MESSAGE })
  @IsInt({ message: STATUS_MESSAGE })
  readonly status_code?: number;

  @ExactFilter('key_019a2b3c4d5e0123456789abcdef0123', CALLER)
  readonly caller_id?: string;

  @ExactFilter('gpt-5')
  readonly model?: string;

  @ApiPropertyOptional({ enum: [...REQUEST_STATES], example: 'completed' })
  @IsOptional()
  @IsIn(REQUEST_STATES, { message: `state must be one of ${REQUEST_STATES.join(', ')}.` })
  readonly state?: string;

  @SinceFilter()
  readonly since?: string;
}

export class RequestsQuery extends TrafficQuery {}

/** `status_code` and `state` are those of the request; with either of a kind that is rare, `since` is of its start. */
export class DecisionsQuery extends TrafficQuery {}

export class BodyQuery {
  @ApiPropertyOptional({
    enum: ['0', '1'],
    default: '0',
    description: '1 = without its content-encoding (gzip, deflate, br; zstd on Node 22.15 and later)',
    example: '1',
  })
  @IsOptional()
  @IsIn(['0', '1'], { message: 'decoded must be 0 or 1.' })
  readonly decoded?: '0' | '1';
}

export class UsageQuery {
  @ApiProperty({ enum: [...USAGE_GROUPS], example: 'model' })
  @IsIn(USAGE_GROUPS, { message: `group_by must be one of ${USAGE_GROUPS.join(', ')}.` })
  readonly group_by: UsageGroup = 'model';

  @SinceFilter()
  readonly since?: string;
}
