import type { SessionItem, SessionResourceItem } from '../../usage/session-item.js';
import type { SessionDetail } from '../../usage/session.read-model.js';
import { Field, ListOf, Nested, NextCursor, NullableField } from './api-field.js';
import { RequestDto } from './request.dto.js';

/** Totals outlive the requests they were counted from. */
export class SessionDto implements SessionItem {
  @Field('0199f2a0-5b1e-7c3d-9a4f-1c2d3e4f5a6b', 'As the client named it')
  readonly id!: string;

  @Field('loopback')
  readonly caller_id!: string;

  @NullableField('laptop', 'Name of the client key; null = the caller had none')
  readonly caller_name!: string | null;

  @NullableField('fix the login test')
  readonly name!: string | null;

  @NullableField('session-id', 'Header or field the id came from')
  readonly source!: string | null;

  @NullableField('0199f2a0-1111-7c3d-9a4f-1c2d3e4f5a6b')
  readonly parent_thread_id!: string | null;

  @Field(1795400000000, 'Epoch ms')
  readonly first_seen_at!: number;

  @Field(1795410000000, 'Epoch ms')
  readonly last_seen_at!: number;

  @NullableField('openai-1')
  readonly last_resource_id!: string | null;

  @Field(14)
  readonly request_count!: number;

  @NullableField(58800)
  readonly input_tokens!: number | null;

  @NullableField(51200)
  readonly cached_tokens!: number | null;

  @NullableField(0)
  readonly cache_write_tokens!: number | null;

  @NullableField(4480)
  readonly output_tokens!: number | null;

  @NullableField(1792)
  readonly reasoning_tokens!: number | null;

  @NullableField(63280)
  readonly total_tokens!: number | null;

  @NullableField(0.1845, 'US dollars, of the requests whose price was known; null = of none')
  readonly cost_usd!: number | null;

  @Field(0, 'Requests with tokens and no known price: what cost_usd lacks')
  readonly unpriced_requests!: number;

  @Field(0, 'Ended neither completed nor incomplete')
  readonly failed_requests!: number;

  @NullableField(0.87, 'cached_tokens / input_tokens; null = not known')
  readonly cache_hit_rate!: number | null;
}

/** Requests that ran the model, as far as they have not been pruned. */
export class SessionResourceDto implements SessionResourceItem {
  @Field('openai-1')
  readonly resource_id!: string;

  @Field(13)
  readonly requests!: number;

  @Field(1795400000000, 'Start of its first request, epoch ms')
  readonly first_at!: number;

  @Field(1795410000000, 'Start of its last request, epoch ms')
  readonly last_at!: number;

  @NullableField(58800)
  readonly input_tokens!: number | null;

  @NullableField(51200)
  readonly cached_tokens!: number | null;

  @NullableField(0)
  readonly cache_write_tokens!: number | null;

  @NullableField(0.87, 'cached_tokens / input_tokens; null = not known')
  readonly cache_hit_rate!: number | null;
}

export class SessionListDto {
  @ListOf(() => SessionDto, 'Last seen first')
  readonly sessions!: readonly SessionDto[];

  @NextCursor()
  readonly next_cursor!: string | null;
}

export class SessionDetailDto implements SessionDetail {
  @Nested(() => SessionDto)
  readonly session!: SessionDto;

  @Field(1, 'How often a request went to another resource than the one before it')
  readonly moves!: number;

  @ListOf(() => SessionResourceDto, 'The keys that served it, in the order of their first requests')
  readonly resources!: SessionResourceDto[];

  @ListOf(
    () => SessionDto,
    'Sessions of the same caller that it started (sub-agents), last seen first; at most 100',
  )
  readonly children!: SessionDto[];

  @ListOf(() => RequestDto, 'Newest first, at most 500; the rest through /admin/requests?session_id=')
  readonly requests!: RequestDto[];
}
