import type { HealthStatus } from '../../health/resource-health.js';
import { Field, Nested, NullableField, OneOf, Texts } from './api-field.js';

export const HEALTH_STATUSES = ['healthy', 'degraded', 'unhealthy', 'unknown'] as const;

export class ResourceHealthDto {
  @OneOf(HEALTH_STATUSES, 'healthy')
  readonly status!: HealthStatus;

  @Field('served', 'Stable snake_case reason: `served`, `probe_ok`, `invalid_key`, `insufficient_quota`, …')
  readonly reason!: string;

  @NullableField('Answered a request with 200.', 'The reason in words')
  readonly detail!: string | null;

  @Field(1795410000000, 'Since when, epoch ms')
  readonly since!: number;

  @NullableField(1795410030000, 'Until when nothing is sent there, epoch ms; null = not cooling')
  readonly until!: number | null;

  @NullableField(1795410000000, 'Epoch ms')
  readonly last_probe_at!: number | null;

  @NullableField(200, 'HTTP status of the last probe; null = no answer')
  readonly last_probe_status!: number | null;

  @NullableField(182, 'Milliseconds')
  readonly last_probe_latency_ms!: number | null;

  @NullableField('connect timeout', 'Why the last probe failed')
  readonly last_probe_error!: string | null;
}

export class ResourceStateDto {
  @Field('openai-1', 'Stays with its key across restarts')
  readonly id!: string;

  @NullableField('main', 'Pool the resource belongs to; null = no pool')
  readonly pool_id!: string | null;

  @Field(1, 'Share of the traffic relative to the others')
  readonly weight!: number;

  @NullableField('org-acme', 'Configured, or learned from answers; null = not known yet')
  readonly organization!: string | null;

  @OneOf(['env', 'registry'], 'env')
  readonly source!: 'env' | 'registry';

  @Field('OPENAI_API_KEYS[0]', 'Variable or provider the key came from. Never the key')
  readonly origin!: string;

  @Nested(() => ResourceHealthDto)
  readonly health!: ResourceHealthDto;

  @Field(2, 'Exchanges open on it, all replicas')
  readonly in_flight!: number;

  @NullableField(32, 'Most concurrent exchanges; null = no cap')
  readonly max_concurrency!: number | null;

  @Texts(['gpt-5-pro'], 'Models the key was refused for')
  readonly denied_models!: readonly string[];

  @NullableField(58800, 'Prompt tokens its answers told since this process started; null = none told')
  readonly input_tokens!: number | null;

  @NullableField(51200, 'Of those, how many came out of the prompt cache')
  readonly cached_tokens!: number | null;

  @NullableField(0, 'Of those, how many were written to the prompt cache')
  readonly cache_write_tokens!: number | null;

  @NullableField(0.87, 'cached_tokens / input_tokens; null = not known')
  readonly cache_hit_rate!: number | null;

  @NullableField(0.91, 'The same over the last 15 minutes; null = not known, or nothing was asked')
  readonly recent_cache_hit_rate!: number | null;
}
