import { Field, Nested, NullableField } from './api-field.js';
import { HealthCheckResultDto } from './health-check.dto.js';
import { ResourceHealthDto } from './resource-state.dto.js';

export class ResourceProbeDto extends HealthCheckResultDto {
  @Field('openai-1 answered 200 in 182 ms: its key is accepted.', 'What that means, in words')
  readonly message!: string;

  @NullableField('Replace the key and restart.', 'What to do about it; null = nothing')
  readonly fix!: string | null;

  @Nested(() => ResourceHealthDto, 'After this probe')
  readonly health!: ResourceHealthDto;

  @Field(1795410000000, 'Epoch ms')
  readonly timestamp!: number;
}
