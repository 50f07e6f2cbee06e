import { ApiExtraModels, ApiProperty, ApiPropertyOptional, getSchemaPath } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  ArrayNotEmpty,
  IsArray,
  IsInt,
  IsNumber,
  IsOptional,
  IsString,
  Length,
  Matches,
  Max,
  Min,
  ValidateIf,
} from 'class-validator';
import type { ClientKey } from '../../registry/client-key.entity.js';
import type { ClientKeyTerms } from '../../registry/client-keys.service.js';
import type { KeyUsageItem } from '../../usage/key-usage-item.js';
import { Field, ListOf, NullableField } from './api-field.js';

const MICRO = 1_000_000;
const MAX_COUNT = 1_000_000_000_000;
const MAX_USD = 1_000_000_000;
const MAX_EPOCH = 253_402_300_799_000;

const all = (...decorators: PropertyDecorator[]): PropertyDecorator => {
  return (target, property) => {
    for (const decorate of decorators) decorate(target, property);
  };
};

/** Left out or null = no limit. */
const Count = (example: number, description: string, max = MAX_COUNT): PropertyDecorator =>
  all(
    ApiPropertyOptional({ type: 'integer', nullable: true, example, description, minimum: 1, maximum: max }),
    IsOptional(),
    Max(max, { message: `$property must be at most ${max}.` }),
    Min(1, { message: '$property must be at least 1.' }),
    IsInt({ message: '$property must be a whole number, or null for no limit.' }),
  );

const Usd = (example: number, description: string): PropertyDecorator =>
  all(
    ApiPropertyOptional({
      type: 'number',
      nullable: true,
      example,
      description,
      minimum: 0.01,
      maximum: MAX_USD,
    }),
    IsOptional(),
    Max(MAX_USD, { message: `$property must be at most ${MAX_USD}.` }),
    Min(0.01, { message: '$property must be at least 0.01.' }),
    IsNumber(
      { maxDecimalPlaces: 6 },
      { message: '$property must be a number of US dollars, or null for no limit.' },
    ),
  );

const Names = (example: readonly string[], description: string): PropertyDecorator =>
  all(
    ApiPropertyOptional({
      type: 'string',
      isArray: true,
      nullable: true,
      example: [...example],
      description,
    }),
    IsOptional(),
    Length(1, 256, { each: true, message: '$property must hold names of 1 to 256 characters.' }),
    IsString({ each: true, message: '$property must hold names.' }),
    ArrayMaxSize(200, { message: '$property must hold at most 200 names.' }),
    ArrayNotEmpty({ message: '$property must hold a name, or be null to allow any.' }),
    IsArray({ message: '$property must be a list of names, or null to allow any.' }),
  );

const Name = (): PropertyDecorator =>
  all(
    Matches(/^[^\0-\x1f\x7f]+$/, { message: 'name must not hold control characters.' }),
    Length(1, 128, { message: 'name must hold 1 to 128 characters.' }),
    IsString({ message: 'name must be a string.' }),
  );

/** The limits of a key; what is left out has none, and null takes one away. */
class ClientKeyLimits {
  @Count(1_893_456_000_000, 'Epoch ms from which it opens nothing; null = never', MAX_EPOCH)
  readonly expires_at?: number | null;

  @Names(['interactive'], 'Pools it may ask for; null = any')
  readonly allowed_pools?: string[] | null;

  @Names(['gpt-5', 'team-model'], 'Models and aliases it may ask for; null = any')
  readonly allowed_models?: string[] | null;

  @Count(600, 'Requests a minute; null = no limit', 1_000_000_000)
  readonly requests_per_minute?: number | null;

  @Count(2_000_000, 'Tokens a minute; null = no limit')
  readonly tokens_per_minute?: number | null;

  @Count(50_000_000, 'Tokens a day (UTC); null = no limit')
  readonly daily_tokens?: number | null;

  @Count(1_000_000_000, 'Tokens a calendar month (UTC); null = no limit')
  readonly monthly_tokens?: number | null;

  @Usd(25, 'US dollars a day (UTC); null = no limit')
  readonly daily_cost_usd?: number | null;

  @Usd(500, 'US dollars a calendar month (UTC); null = no limit')
  readonly monthly_cost_usd?: number | null;
}

/** Every term may be left out. */
export class ClientKeyChange extends ClientKeyLimits {
  @ApiPropertyOptional({ type: 'string', example: 'ci-runner', description: 'By which people know it' })
  // Left out it stays; null is refused as no name.
  @ValidateIf((_body, value) => value !== undefined)
  @Name()
  readonly name?: string;
}

export class ClientKeyDraft extends ClientKeyLimits {
  @ApiProperty({ type: 'string', example: 'ci-runner', description: 'By which people know it' })
  @Name()
  readonly name!: string;
}

export class ClientKeyDto extends ClientKeyLimits {
  @Field('ci-runner')
  readonly name!: string;

  @Field('key_019a2b3c4d5e0123456789abcdef0123', 'Also the caller id of its requests')
  readonly id!: string;

  @Field('rpx_1x9k2p', 'First characters of the key')
  readonly prefix!: string;

  @NullableField(1795410000000, 'Epoch ms')
  readonly revoked_at!: number | null;

  @NullableField(1795410000000, 'Epoch ms, to about a minute')
  readonly last_used_at!: number | null;

  @Field(1795410000000, 'Epoch ms')
  readonly created_at!: number;
}

export class CreatedClientKeyDto extends ClientKeyDto {
  @Field('rpx_…', 'The key itself: shown this once, stored nowhere')
  readonly key!: string;
}

export class KeyUsageDto implements KeyUsageItem {
  @Field(840, 'Sent upstream')
  readonly requests!: number;

  @Field(1264000, 'Input and output; of answers that did not tell, the estimate that counts for budgets')
  readonly tokens!: number;

  @Field(3.27, 'US dollars, of the requests whose price was known')
  readonly cost_usd!: number;

  @Field(0, 'Requests with tokens and no known price: budgets in money do not see them')
  readonly unpriced_requests!: number;
}

export class ClientKeyStateDto extends ClientKeyDto {
  @ApiProperty({
    allOf: [{ $ref: getSchemaPath(KeyUsageDto) }],
    nullable: true,
    description: 'Use this day (UTC); null while the database is away',
  })
  readonly today!: KeyUsageDto | null;

  @ApiProperty({
    allOf: [{ $ref: getSchemaPath(KeyUsageDto) }],
    nullable: true,
    description: 'Use this calendar month (UTC); null while the database is away',
  })
  readonly this_month!: KeyUsageDto | null;
}

@ApiExtraModels(KeyUsageDto)
export class ClientKeyListDto {
  @ListOf(() => ClientKeyStateDto, 'Oldest first, revoked ones too')
  readonly keys!: readonly ClientKeyStateDto[];

  @NullableField('x', 'Always null: there are few')
  readonly next_cursor!: string | null;
}

export function toClientKeyDto(row: ClientKey): ClientKeyDto {
  return {
    id: row.id,
    name: row.name,
    prefix: row.prefix,
    expires_at: row.expiresAt,
    revoked_at: row.revokedAt,
    allowed_pools: row.allowedPools === null ? null : [...row.allowedPools],
    allowed_models: row.allowedModels === null ? null : [...row.allowedModels],
    requests_per_minute: row.requestsPerMinute,
    tokens_per_minute: row.tokensPerMinute,
    daily_tokens: row.dailyTokens,
    monthly_tokens: row.monthlyTokens,
    daily_cost_usd: row.dailyCost === null ? null : row.dailyCost / MICRO,
    monthly_cost_usd: row.monthlyCost === null ? null : row.monthlyCost / MICRO,
    last_used_at: row.lastUsedAt,
    created_at: row.createdAt,
  };
}

const micro = (usd: number | null | undefined): number | null | undefined =>
  typeof usd === 'number' ? Math.round(usd * MICRO) : usd;

/** The terms a body names; those it leaves out are left out here. */
export function changedTerms(body: ClientKeyChange): Partial<ClientKeyTerms> {
  const terms = {
    name: body.name,
    expiresAt: body.expires_at,
    allowedPools: body.allowed_pools,
    allowedModels: body.allowed_models,
    requestsPerMinute: body.requests_per_minute,
    tokensPerMinute: body.tokens_per_minute,
    dailyTokens: body.daily_tokens,
    monthlyTokens: body.monthly_tokens,
    dailyCost: micro(body.daily_cost_usd),
    monthlyCost: micro(body.monthly_cost_usd),
  };
  return Object.fromEntries(Object.entries(terms).filter(([, value]) => value !== undefined));
}

export function newTerms(body: ClientKeyDraft): ClientKeyTerms {
  const none: Omit<ClientKeyTerms, 'name'> = {
    expiresAt: null,
    allowedPools: null,
    allowedModels: null,
    requestsPerMinute: null,
    tokensPerMinute: null,
    dailyTokens: null,
    monthlyTokens: null,
    dailyCost: null,
    monthlyCost: null,
  };
  return { ...none, ...changedTerms(body), name: body.name };
}
