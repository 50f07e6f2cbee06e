import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn } from 'class-validator';
import { USAGE_GROUPS, type UsageGroup } from '../../usage/usage.read-model.js';
import { SinceFilter } from './page-query.dto.js';

export const EXPORT_FORMATS = ['ndjson', 'csv'] as const;

export class ExportQuery {
  @ApiPropertyOptional({ enum: EXPORT_FORMATS, default: 'ndjson', example: 'csv' })
  @IsIn(EXPORT_FORMATS, { message: `format must be one of ${EXPORT_FORMATS.join(', ')}.` })
  readonly format: (typeof EXPORT_FORMATS)[number] = 'ndjson';

  @ApiPropertyOptional({ enum: USAGE_GROUPS, default: 'model', description: 'Of usage', example: 'hour' })
  @IsIn(USAGE_GROUPS, { message: `group_by must be one of ${USAGE_GROUPS.join(', ')}.` })
  readonly group_by: UsageGroup = 'model';

  @SinceFilter()
  readonly since?: string;
}
