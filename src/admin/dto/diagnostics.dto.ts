import type { Outcome } from '../../diagnosis/diagnose.js';
import type { Severity } from '../../diagnosis/finding.js';
import type { HealthStatus } from '../../health/resource-health.js';
import { Field, ListOf, NullableField, OneOf, Texts } from './api-field.js';
import { ApiProperty } from '@nestjs/swagger';
import { HEALTH_STATUSES } from './resource-state.dto.js';

const SEVERITIES = ['error', 'warning', 'note'] as const;

export class FindingDto {
  @Field('key_refused', 'Stable')
  readonly id!: string;

  @OneOf(SEVERITIES, 'warning', '`note`: worth knowing, nothing to do')
  readonly severity!: Severity;

  @Field('Requests succeed, but a 401 shows at openai-2: other keys do its work.', 'What somebody notices')
  readonly symptom!: string;

  @Texts(['openai-2 (OPENAI_API_KEYS[2]): invalid_key: Incorrect API key provided.'], 'What was seen')
  readonly evidence!: readonly string[];

  @Field('The upstream does not know this key.')
  readonly cause!: string;

  @Field('Replace the key in the variable it came from and restart.', 'To do, or to copy')
  readonly fix!: string;

  @Field('docs/troubleshooting.md#requests-succeed-but-a-403-appears', 'Where more is said')
  readonly docs!: string;
}

export class CheckResultDto {
  @Field('keys')
  readonly name!: string;

  @Field('each key is accepted by its upstream')
  readonly title!: string;

  @OneOf(['ok', ...SEVERITIES, 'skipped'], 'warning')
  readonly outcome!: Outcome;

  @NullableField('give --url with the address that clients use', 'How to have it made where it was skipped')
  readonly detail!: string | null;

  @ListOf(() => FindingDto)
  readonly findings!: readonly FindingDto[];
}

export class DiagnosedKeyDto {
  @Field('openai-2')
  readonly resource_id!: string;

  @Field('OPENAI_API_KEYS[2]', 'Variable or provider it came from. Never the key')
  readonly origin!: string;

  @NullableField('main')
  readonly pool_id!: string | null;

  @NullableField('org-acme')
  readonly organization!: string | null;

  @OneOf(HEALTH_STATUSES, 'unhealthy')
  readonly status!: HealthStatus;

  @Field('invalid_key')
  readonly reason!: string;

  @ApiProperty({
    type: 'string',
    isArray: true,
    nullable: true,
    example: ['gpt-5.5'],
    description: 'Ids it lists; null = it did not say',
  })
  readonly models!: readonly string[] | null;

  @Texts(['gpt-5-pro'], 'Models it was refused for')
  readonly denied_models!: readonly string[];
}

export class CodexFileDto {
  @Field('/home/me/.codex/config.toml')
  readonly path!: string;

  @NullableField('proxy', 'Provider that is used without further ado; null = the one built in')
  readonly provider!: string | null;

  @NullableField('http://127.0.0.1:8000/v1')
  readonly base_url!: string | null;

  @Field(true, 'Its address is the one of this proxy')
  readonly points_here!: boolean;

  @Field(0, 'What Codex will refuse of it')
  readonly problems!: number;
}

export class DiagnosticsDto {
  @OneOf(['ok', 'warning', 'error'], 'warning', 'Of the worst finding')
  readonly status!: 'ok' | 'warning' | 'error';

  @ListOf(() => FindingDto, 'Of all checks, the worst first')
  readonly findings!: readonly FindingDto[];

  @ListOf(() => CheckResultDto)
  readonly checks!: readonly CheckResultDto[];

  @ListOf(() => DiagnosedKeyDto)
  readonly keys!: readonly DiagnosedKeyDto[];

  @ListOf(() => CodexFileDto, 'Of the user, directory and machine of this process')
  readonly codex_files!: readonly CodexFileDto[];

  @Field('0.1.0')
  readonly version!: string;

  @Field('inst_0199')
  readonly instance_id!: string;

  @Field(412)
  readonly duration_ms!: number;

  @Field(1795410000000, 'Epoch ms')
  readonly timestamp!: number;
}
