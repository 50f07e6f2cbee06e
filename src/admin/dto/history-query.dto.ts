import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsInt, IsOptional, Max, Min } from 'class-validator';
import { REQUEST_STATES } from '../../common/request-states.js';
import { USAGE_GROUPS, type UsageGroup } from '../../usage/usage.read-model.js';
import { ExactFilter, PageQuery, SinceFilter, WholeNumber } from './page-query.dto.js';

const STATUS_MESSAGE = 'status_code must be a whole number from 100 to 599.';

export class RequestsQuery extends PageQuery {
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

  @ExactFilter('key_019a2b3c4d5e0123456789abcdef0123')
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

export class DecisionsQuery extends PageQuery {
  @ExactFilter('0199f2a0-5b1e-7c3d-9a4f-1c2d3e4f5a6b')
  readonly session_id?: string;

  @ExactFilter('openai-1')
  readonly resource_id?: string;

  @ExactFilter('req_019a2b3c4d5e0123456789abcdef0123')
  readonly request_id?: string;

  @ExactFilter('key_019a2b3c4d5e0123456789abcdef0123')
  readonly caller_id?: string;

  @ExactFilter('gpt-5')
  readonly model?: string;

  @SinceFilter()
  readonly since?: string;
}

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
