import { REQUEST_STATES } from '../../common/request-states.js';
import type { AttemptItem, BodyItem, RequestItem } from '../../usage/request-item.js';
import type { RequestDetail } from '../../usage/request.read-model.js';
import { Field, ListOf, Nested, NextCursor, NullableField, NullableOneOf, OneOf } from './api-field.js';
import { DecisionDto } from './decision.dto.js';

/** One request: metadata, never bodies. `null` tokens = the upstream did not say. */
export class RequestDto implements RequestItem {
  @Field('req_019a2b3c4d5e0123456789abcdef0123')
  readonly id!: string;

  @OneOf(REQUEST_STATES, 'completed')
  readonly state!: RequestItem['state'];

  @Field(1795410000000, 'Epoch ms')
  readonly started_at!: number;

  @NullableField(1795410001250, 'Epoch ms')
  readonly finished_at!: number | null;

  @NullableField(1250)
  readonly latency_ms!: number | null;

  @NullableField(310)
  readonly first_byte_ms!: number | null;

  @NullableField(200, 'What the client heard; null = nothing, or not known after a crash')
  readonly status_code!: number | null;

  @NullableField('openai-1', 'Who served it')
  readonly resource_id!: string | null;

  @NullableField('main')
  readonly pool_id!: string | null;

  @NullableField('0199f2a0-5b1e-7c3d-9a4f-1c2d3e4f5a6b')
  readonly session_id!: string | null;

  @NullableField('fix the login test')
  readonly session_name!: string | null;

  @NullableField('session-id', 'Header or field the session id came from')
  readonly session_source!: string | null;

  @NullableField('0199f2a0-5b1e-7c3d-9a4f-1c2d3e4f5a6b', 'Thread inside the session')
  readonly thread_id!: string | null;

  @NullableField('0199f2a0-1111-7c3d-9a4f-1c2d3e4f5a6b', 'Thread that started this one, for sub-agents')
  readonly parent_thread_id!: string | null;

  @NullableField('gpt-5', 'Model asked for')
  readonly model!: string | null;

  @NullableField('gpt-5-2025-08-07', 'Model the answer names')
  readonly served_model!: string | null;

  @NullableField('loopback')
  readonly caller_id!: string | null;

  @NullableField('laptop', 'Name of the client key; null = the caller had none')
  readonly caller_name!: string | null;

  @NullableField('POST')
  readonly method!: string | null;

  @NullableField('/v1/responses')
  readonly path!: string | null;

  @NullableField(true)
  readonly stream!: boolean | null;

  @NullableOneOf(['http', 'websocket'], 'http')
  readonly transport!: RequestItem['transport'];

  @NullableField('codex_cli_rs/0.169.0')
  readonly user_agent!: string | null;

  @NullableField(1, 'How many resources were tried; null = still running, or not known after a crash')
  readonly attempts!: number | null;

  @NullableField('rate_limit_exceeded', "Code of the proxy's own error or of the upstream's")
  readonly error_code!: string | null;

  @NullableField('Rate limit reached for gpt-5.')
  readonly error_message!: string | null;

  @NullableOneOf(['proxy', 'upstream'], 'upstream')
  readonly error_source!: RequestItem['error_source'];

  @NullableField(18240)
  readonly request_bytes!: number | null;

  @NullableField(5120, 'Bytes sent to the client; null = still running, or not known after a crash')
  readonly response_bytes!: number | null;

  @NullableField('resp_0a1b2c3d')
  readonly response_id!: string | null;

  @NullableField('req_upstream_7f3a')
  readonly upstream_request_id!: string | null;

  @NullableField(4200)
  readonly input_tokens!: number | null;

  @NullableField(3900)
  readonly cached_tokens!: number | null;

  @NullableField(0)
  readonly cache_write_tokens!: number | null;

  @NullableField(320)
  readonly output_tokens!: number | null;

  @NullableField(128)
  readonly reasoning_tokens!: number | null;

  @NullableField(4520)
  readonly total_tokens!: number | null;

  @NullableField(0.0123, 'US dollars, by the prices of the day it ended; null = not known, which is not 0')
  readonly cost_usd!: number | null;
}

export class RequestListDto {
  @ListOf(() => RequestDto, 'Newest first')
  readonly requests!: readonly RequestDto[];

  @NextCursor()
  readonly next_cursor!: string | null;
}

export class AttemptDto implements AttemptItem {
  @Field(1)
  readonly n!: number;

  @Field('openai-1')
  readonly resource_id!: string;

  @OneOf(
    ['ok', 'A', 'B', 'C1', 'C2', 'D', 'E', 'neutral'],
    'ok',
    'A not processed, B refused, C1 failed, C2 ambiguous, D cut, E the request',
  )
  readonly class!: string;

  @NullableField(200)
  readonly status!: number | null;

  @NullableField('connect ECONNREFUSED')
  readonly error!: string | null;

  @Field(1795410000000, 'Epoch ms')
  readonly started_at!: number;

  @Field(1240)
  readonly duration_ms!: number;

  @Field(18240)
  readonly bytes_sent!: number;

  @Field(5120)
  readonly bytes_received!: number;

  @NullableField(
    'may_have_been_processed',
    'Why another attempt followed, or none did; null = recorded before this was',
  )
  readonly retry_reason!: string | null;

  @NullableField(
    'Not tried elsewhere: the whole request had been sent and may have been processed, so a second try could run it twice.',
    'The same for a person',
  )
  readonly retry_text!: string | null;
}

export class CapturedBodyDto implements BodyItem {
  @OneOf(['request', 'response'], 'response')
  readonly direction!: 'request' | 'response';

  @NullableField('text/event-stream')
  readonly content_type!: string | null;

  @NullableField('gzip')
  readonly content_encoding!: string | null;

  @Field(5120, 'Bytes of the whole body')
  readonly size!: number;

  @Field(5120, 'Bytes kept')
  readonly captured_size!: number;

  @Field(false)
  readonly truncated!: boolean;
}

export class RequestDetailDto implements RequestDetail {
  @Nested(() => RequestDto)
  readonly request!: RequestDto;

  @ListOf(() => AttemptDto)
  readonly attempts!: AttemptDto[];

  @ListOf(() => DecisionDto, 'In order of the attempts')
  readonly decisions!: DecisionDto[];

  @ListOf(() => CapturedBodyDto, 'Read them at /admin/requests/{id}/body/{direction}')
  readonly bodies!: CapturedBodyDto[];
}
