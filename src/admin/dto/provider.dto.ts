import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  Equals,
  IsBoolean,
  IsIn,
  IsInt,
  IsObject,
  IsOptional,
  IsString,
  Length,
  Matches,
  Max,
  Min,
  ValidateIf,
} from 'class-validator';
import type { Provider } from '../../registry/provider.entity.js';
import type { ProviderTerms } from '../../registry/provider-terms.js';
import { Field, ListOf, Nested, NullableField } from './api-field.js';

const AUTH_TYPES = ['bearer', 'header', 'none'] as const;
const PLAIN = /^[\x20-\x7e]+$/;

const all = (...decorators: PropertyDecorator[]): PropertyDecorator => {
  return (target, property) => {
    for (const decorate of decorators) decorate(target, property);
  };
};

const Plain = (example: string, max: number, description?: string): PropertyDecorator =>
  all(
    ApiPropertyOptional({ type: 'string', nullable: true, example, description, maxLength: max }),
    IsOptional(),
    Matches(PLAIN, { message: '$property must hold visible ASCII characters and blanks only.' }),
    Length(1, max, { message: `$property must hold 1 to ${max} characters.` }),
    IsString({ message: '$property must be a string.' }),
  );

/** Can be left out, and not be taken away: null is refused by the rules that follow. */
const Kept = (): PropertyDecorator => ValidateIf((_body, value) => value !== undefined);

const Whole = (example: number, min: number, max: number, description: string): PropertyDecorator =>
  all(
    ApiPropertyOptional({
      type: 'integer',
      nullable: true,
      example,
      description,
      minimum: min,
      maximum: max,
    }),
    IsOptional(),
    Max(max, { message: `$property must be at most ${max}.` }),
    Min(min, { message: `$property must be at least ${min}.` }),
    IsInt({ message: '$property must be a whole number.' }),
  );

/** All fields may be left out; null takes a value away where that makes sense. */
export class ProviderChange {
  @ApiPropertyOptional({ type: 'string', example: 'Team Azure' })
  @Kept()
  @Matches(/^[^\0-\x1f\x7f]+$/, { message: 'name must not hold control characters.' })
  @Length(1, 128, { message: 'name must hold 1 to 128 characters.' })
  @IsString({ message: 'name must be a string.' })
  readonly name?: string;

  @Plain('azure-openai', 64, 'Preset it was made from, or anything')
  readonly provider_type?: string | null;

  @ApiPropertyOptional({ type: 'string', example: 'https://res.openai.azure.com/openai/v1' })
  @Kept()
  @Length(1, 2048, { message: 'base_url must hold 1 to 2048 characters.' })
  @IsString({ message: 'base_url must be a string.' })
  readonly base_url?: string;

  @ApiPropertyOptional({ enum: ['responses'], example: 'responses' })
  @IsOptional()
  @Equals('responses', { message: 'wire_api must be "responses": nothing else is spoken here.' })
  readonly wire_api?: 'responses';

  @ApiPropertyOptional({ enum: AUTH_TYPES, example: 'bearer' })
  @Kept()
  @IsIn(AUTH_TYPES, { message: `auth_type must be one of ${AUTH_TYPES.join(', ')}.` })
  readonly auth_type?: 'bearer' | 'header' | 'none';

  @Plain('api-key', 64, 'Header that carries the key, for auth_type `header`')
  readonly auth_header?: string | null;

  @ApiPropertyOptional({
    type: 'string',
    nullable: true,
    writeOnly: true,
    example: 'sk-…',
    description: 'Stored encrypted, never shown',
  })
  @IsOptional()
  @Matches(/^[\x21-\x7e]+$/, { message: 'api_key must hold visible ASCII characters without blanks.' })
  @Length(1, 4096, { message: 'api_key must hold 1 to 4096 characters.' })
  @IsString({ message: 'api_key must be a string.' })
  readonly api_key?: string | null;

  @Plain('env:TEAM_AZURE_KEY', 132, 'Variable that holds the key, instead of `api_key`')
  readonly credential_ref?: string | null;

  @ApiPropertyOptional({ type: 'string', nullable: true, example: '/models' })
  @IsOptional()
  @Matches(/^\/[A-Za-z0-9\-._~!$&'()*+,;=:@/?]{0,255}$/, {
    message: 'health_path must be a path that begins with /.',
  })
  @IsString({ message: 'health_path must be a string.' })
  readonly health_path?: string | null;

  @ApiPropertyOptional({ type: 'string', nullable: true, example: 'interactive' })
  @IsOptional()
  @Matches(/^[\x21-\x7e]{1,256}$/, { message: 'pool_id must hold 1 to 256 visible ASCII characters.' })
  @IsString({ message: 'pool_id must be a string.' })
  readonly pool_id?: string | null;

  @Whole(1, 1, 1_000_000, 'Share of the requests, beside the others')
  readonly weight?: number | null;

  @ApiPropertyOptional({ type: 'string', nullable: true, example: 'acme' })
  @IsOptional()
  @Matches(/^[\x21-\x7e]{1,128}$/, { message: 'organization must hold 1 to 128 visible ASCII characters.' })
  @IsString({ message: 'organization must be a string.' })
  readonly organization?: string | null;

  @Whole(64, 1, 1_000_000, 'Most requests at once; null = no cap')
  readonly max_concurrency?: number | null;

  @ApiPropertyOptional({ type: 'boolean', example: true, description: 'False: stored only' })
  @Kept()
  @IsBoolean({ message: 'enabled must be true or false.' })
  readonly enabled?: boolean;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: true,
    nullable: true,
    example: { owner: 'platform' },
  })
  @IsOptional()
  @IsObject({ message: 'metadata must be an object.' })
  readonly metadata?: Record<string, unknown> | null;
}

export class ProviderDraft extends ProviderChange {
  @ApiPropertyOptional({
    type: 'string',
    example: 'team-azure',
    description: 'Also its resource id; made up when left out',
  })
  @IsOptional()
  @Matches(/^[a-z0-9][a-z0-9._-]{0,63}$/, {
    message: 'id must hold 1 to 64 of a-z 0-9 . _ - and begin with a letter or digit.',
  })
  @IsString({ message: 'id must be a string.' })
  readonly id?: string;
}

export class ProviderRoutingDto {
  @Field(true, 'Whether requests may be sent there now')
  readonly active!: boolean;

  @NullableField('It is disabled.', 'Why it gets none, in words')
  readonly reason!: string | null;
}

export class ProviderDto {
  @Field('team-azure', 'Also its resource id')
  readonly id!: string;
  @Field('Team Azure')
  readonly name!: string;
  @Field('azure-openai')
  readonly provider_type!: string;
  @Field('https://res.openai.azure.com/openai/v1')
  readonly base_url!: string;
  @Field('responses')
  readonly wire_api!: string;
  @Field('header')
  readonly auth_type!: string;
  @NullableField('api-key')
  readonly auth_header!: string | null;
  @Field(true, 'Whether a key is stored; the key itself is never shown')
  readonly api_key_configured!: boolean;
  @NullableField('env:TEAM_AZURE_KEY')
  readonly credential_ref!: string | null;
  @NullableField('/models', 'Null = PROXY_HEALTH_CHECK_PATH')
  readonly health_path!: string | null;
  @NullableField('interactive')
  readonly pool_id!: string | null;
  @Field(1)
  readonly weight!: number;
  @NullableField('acme')
  readonly organization!: string | null;
  @NullableField(64)
  readonly max_concurrency!: number | null;
  @Field(true)
  readonly enabled!: boolean;
  @ApiProperty({ type: 'object', additionalProperties: true, nullable: true, example: { owner: 'platform' } })
  readonly metadata!: Readonly<Record<string, unknown>> | null;
  @Nested(() => ProviderRoutingDto)
  readonly routing!: ProviderRoutingDto;
  @Field(1795410000000, 'Epoch ms')
  readonly created_at!: number;
  @Field(1795410000000, 'Epoch ms')
  readonly updated_at!: number;
}

export class ProviderListDto {
  @ListOf(() => ProviderDto, 'Oldest first')
  readonly providers!: readonly ProviderDto[];

  @NullableField('x', 'Always null: there are few')
  readonly next_cursor!: string | null;
}

export function toProviderDto(row: Provider, routing: ProviderRoutingDto): ProviderDto {
  return {
    id: row.id,
    name: row.name,
    provider_type: row.providerType,
    base_url: row.baseUrl,
    wire_api: row.wireApi,
    auth_type: row.authType,
    auth_header: row.authHeader,
    api_key_configured: row.secret !== null,
    credential_ref: row.credentialRef,
    health_path: row.healthPath,
    pool_id: row.poolId,
    weight: row.weight,
    organization: row.organization,
    max_concurrency: row.maxConcurrency,
    enabled: row.enabled,
    metadata: row.metadata,
    routing,
    created_at: row.createdAt,
    updated_at: row.updatedAt,
  };
}

/** The terms a body names; those it leaves out are left out here. */
export function changedProvider(body: ProviderChange): Partial<ProviderTerms> {
  const terms = {
    name: body.name,
    providerType: body.provider_type === null ? 'custom' : body.provider_type,
    baseUrl: body.base_url,
    authType: body.auth_type,
    authHeader: body.auth_header,
    apiKey: body.api_key,
    credentialRef: body.credential_ref,
    healthPath: body.health_path,
    poolId: body.pool_id,
    weight: body.weight === null ? 1 : body.weight,
    organization: body.organization,
    maxConcurrency: body.max_concurrency,
    enabled: body.enabled,
    metadata: body.metadata,
  };
  return Object.fromEntries(Object.entries(terms).filter(([, value]) => value !== undefined));
}

const DEFAULTS: Omit<ProviderTerms, 'name' | 'baseUrl'> = {
  providerType: 'custom',
  wireApi: 'responses',
  authType: 'bearer',
  authHeader: null,
  apiKey: null,
  credentialRef: null,
  healthPath: null,
  poolId: null,
  weight: 1,
  organization: null,
  maxConcurrency: null,
  enabled: true,
  metadata: null,
};

/** `name` and `base_url` are not there when the body has left them out; the caller has asked for them. */
export function newProvider(
  body: ProviderChange & { readonly name: string; readonly base_url: string },
): ProviderTerms {
  return { ...DEFAULTS, ...changedProvider(body), name: body.name, baseUrl: body.base_url };
}
