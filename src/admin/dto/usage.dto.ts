import { ApiProperty } from '@nestjs/swagger';
import type { UsageItem } from '../../usage/usage-item.js';
import { USAGE_GROUPS, type UsageGroup } from '../../usage/usage.read-model.js';
import { Field, ListOf, NextCursor, NullableField, OneOf } from './api-field.js';

export class UsageDto implements UsageItem {
  @ApiProperty({
    oneOf: [{ type: 'string' }, { type: 'number' }],
    nullable: true,
    example: 'gpt-5',
    description: 'Model, resource, session or caller, or the first millisecond of the hour; null = not known',
  })
  readonly group!: string | number | null;

  @Field(42)
  readonly requests!: number;

  @Field(1, 'Ended neither completed nor incomplete')
  readonly failed!: number;

  @NullableField(176400, 'Null = no upstream answer has said anything')
  readonly input_tokens!: number | null;

  @NullableField(153600)
  readonly cached_tokens!: number | null;

  @NullableField(0)
  readonly cache_write_tokens!: number | null;

  @NullableField(13440)
  readonly output_tokens!: number | null;

  @NullableField(5376)
  readonly reasoning_tokens!: number | null;

  @NullableField(189840)
  readonly total_tokens!: number | null;

  @NullableField(0.1845, 'US dollars, of the requests whose price was known; null = of none')
  readonly cost_usd!: number | null;

  @Field(0, 'Requests with tokens and no known price: what cost_usd lacks')
  readonly unpriced_requests!: number;

  @NullableField(0.87, 'cached_tokens / input_tokens; null = not known')
  readonly cache_hit_rate!: number | null;
}

export class UsageListDto {
  @OneOf(USAGE_GROUPS, 'model')
  readonly group_by!: UsageGroup;

  @ListOf(
    () => UsageDto,
    'Busiest first, sessions by tokens, hours newest first; at most 500 groups, 750 hours. By session: without what belongs to none',
  )
  readonly usage!: readonly UsageDto[];

  @Field(false, 'Whether there are more groups than these; the export has all of them')
  readonly truncated!: boolean;

  @NextCursor()
  readonly next_cursor!: string | null;
}
