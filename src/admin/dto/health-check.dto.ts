import { Field, ListOf, NullableField } from './api-field.js';

export class HealthCheckResultDto {
  @Field('openai-1')
  readonly resource_id!: string;

  @Field(true, 'The upstream answered the probe with 2xx')
  readonly ok!: boolean;

  @NullableField(200, 'Null = no answer')
  readonly status_code!: number | null;

  @NullableField(182)
  readonly latency_ms!: number | null;

  @NullableField('connect ECONNREFUSED')
  readonly error!: string | null;
}

export class HealthCheckDto {
  @ListOf(() => HealthCheckResultDto, 'One for each resource')
  readonly results!: readonly HealthCheckResultDto[];

  @Field(1795410000000, 'Epoch ms')
  readonly timestamp!: number;
}
