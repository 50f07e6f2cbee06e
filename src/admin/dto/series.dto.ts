import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn } from 'class-validator';
import {
  SERIES_SPANS,
  type SeriesError,
  type SeriesPoint,
  type SeriesSpan,
} from '../../usage/series-slices.js';
import type { Series } from '../../usage/series.read-model.js';
import { Field, ListOf, Nested, NullableField } from './api-field.js';

const SPANS = Object.keys(SERIES_SPANS) as SeriesSpan[];

export class SeriesQuery {
  @ApiPropertyOptional({ enum: SPANS, default: '24h', example: '1h' })
  @IsIn(SPANS, { message: `span must be one of ${SPANS.join(', ')}.` })
  readonly span: SeriesSpan = '24h';
}

export class SeriesPointDto implements SeriesPoint {
  @Field(1795410000000, 'First millisecond of the slice')
  readonly at!: number;

  @Field(42)
  readonly requests!: number;

  @Field(1, 'Ended neither completed nor incomplete')
  readonly failed!: number;

  @NullableField(176400, 'Null = no upstream answer has said anything')
  readonly input_tokens!: number | null;

  @NullableField(153600)
  readonly cached_tokens!: number | null;

  @NullableField(13440)
  readonly output_tokens!: number | null;

  @NullableField(0.1845, 'US dollars, of the requests whose price was known; null = of none')
  readonly cost_usd!: number | null;

  @NullableField(1240, 'Median of those answered, told from counts by length; null = none was')
  readonly latency_p50_ms!: number | null;

  @NullableField(8300, 'The same for the slowest twentieth')
  readonly latency_p95_ms!: number | null;
}

export class SeriesErrorDto implements SeriesError {
  @Field(
    'rate_limit_exceeded',
    'Error code, or the state where there is none; `other` = the rare ones together',
  )
  readonly cause!: string;

  @Field(3)
  readonly total!: number;

  @ApiProperty({ type: 'number', isArray: true, example: [0, 2, 1], description: 'Slice by slice' })
  readonly requests!: readonly number[];
}

export class SeriesDto implements Series {
  @Field(1795410000000, 'Epoch ms')
  readonly since!: number;

  @Field(900000, 'Length of a slice')
  readonly step_ms!: number;

  @ListOf(() => SeriesPointDto, 'Oldest first, without gaps')
  readonly points!: readonly SeriesPointDto[];

  @Nested(() => SeriesPointDto, 'All of them together')
  readonly totals!: SeriesPointDto;

  @ListOf(() => SeriesErrorDto, 'By cause, the most frequent first')
  readonly errors!: readonly SeriesErrorDto[];
}
