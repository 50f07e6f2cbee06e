import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, IsString, Matches } from 'class-validator';
import type { ProviderPreset } from '../../registry/provider-presets.js';
import { Field, ListOf, NullableField, OneOf } from './api-field.js';
import { ModelChange } from './model.dto.js';

const STATUSES = ['ok', 'failed', 'skipped'] as const;

export class TrialStepDto {
  @Field('authorization', 'What was tried')
  readonly step!: string;
  @OneOf(STATUSES, 'failed')
  readonly status!: (typeof STATUSES)[number];
  @Field('It does not accept the credential (401). It says: Incorrect API key provided.')
  readonly message!: string;
  @NullableField('Check the key.', 'What to do about a failure')
  readonly fix!: string | null;
}

export class ProviderTrialDto {
  @Field(false, 'Whether no step has failed')
  readonly ok!: boolean;
  @ListOf(() => TrialStepDto, 'In the order in which they were tried')
  readonly steps!: readonly TrialStepDto[];
}

export class ModelTargetDto {
  @Field('team-azure')
  readonly resource_id!: string;
  @NullableField(true, 'Null when its upstream gave no list, or was not asked')
  readonly lists_upstream_id!: boolean | null;
}

export class ModelTrialDto extends ProviderTrialDto {
  @ListOf(() => ModelTargetDto, 'Where requests for the alias may go')
  readonly targets!: readonly ModelTargetDto[];
}

/** A draft, or the id of a registered one and nothing else. */
export class ModelTest extends ModelChange {
  @ApiPropertyOptional({ type: 'string', example: 'mdl_019a2b3c4d5e0123456789abcdef0123' })
  @IsOptional()
  @Matches(/^[\x21-\x7e]{1,256}$/, { message: 'id must hold 1 to 256 visible ASCII characters.' })
  @IsString({ message: 'id must be a string.' })
  readonly id?: string;
}

export class ProviderPresetDto {
  @Field('azure-openai', 'To be sent as `provider_type`')
  readonly provider_type!: string;
  @Field('Azure OpenAI')
  readonly name!: string;
  @Field('https://{resource}.openai.azure.com/openai/v1', 'What is in braces is to be filled in')
  readonly base_url!: string;
  @Field('header')
  readonly auth_type!: string;
  @NullableField('api-key')
  readonly auth_header!: string | null;
  @NullableField('/models')
  readonly health_path!: string | null;
  @Field(false, 'On your own network: PROXY_UPSTREAM_ALLOW_CIDRS must name its address')
  readonly local!: boolean;
  @Field('model is the name of a deployment.')
  readonly notes!: string;
  @Field('https://learn.microsoft.com/azure/ai-services/openai/how-to/responses')
  readonly docs_url!: string;
}

export class ProviderPresetListDto {
  @ListOf(() => ProviderPresetDto)
  readonly presets!: readonly ProviderPresetDto[];
  @NullableField('x', 'Always null: there are few')
  readonly next_cursor!: string | null;
}

const allWork = (steps: readonly TrialStepDto[]): boolean => steps.every(({ status }) => status !== 'failed');

export const toTrialDto = (steps: readonly TrialStepDto[]): ProviderTrialDto => ({
  ok: allWork(steps),
  steps,
});

export const toModelTrialDto = (
  steps: readonly TrialStepDto[],
  targets: readonly ModelTargetDto[],
): ModelTrialDto => ({ ok: allWork(steps), steps, targets });

export function toPresetDto(preset: ProviderPreset): ProviderPresetDto {
  return {
    provider_type: preset.providerType,
    name: preset.name,
    base_url: preset.baseUrl,
    auth_type: preset.authType,
    auth_header: preset.authHeader,
    health_path: preset.healthPath,
    local: preset.local,
    notes: preset.notes,
    docs_url: preset.docsUrl,
  };
}
