import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsObject,
  IsOptional,
  IsString,
  Length,
  Matches,
} from 'class-validator';
import { Field, ListOf, Nested, NullableField, OneOf } from './api-field.js';
import { ProviderRoutingDto } from './provider.dto.js';

const KINDS = ['model', 'agent'] as const;
const VISIBLE = /^[^\0-\x1f\x7f\p{Surrogate}]+$/u;
const ALIAS = /^[A-Za-z0-9_.:-]{1,256}$/;

const all = (...decorators: PropertyDecorator[]): PropertyDecorator => {
  return (target, property) => {
    for (const decorate of decorators) decorate(target, property);
  };
};

const Names = (example: readonly string[], most: number, description: string): PropertyDecorator =>
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
    ArrayMaxSize(most, { message: `$property must hold at most ${most} names.` }),
    IsArray({ message: '$property must be a list of names, or null.' }),
  );

const Text = (example: string, max: number, description?: string): PropertyDecorator =>
  all(
    ApiPropertyOptional({ type: 'string', nullable: true, example, description, maxLength: max }),
    IsOptional(),
    Matches(VISIBLE, { message: '$property must not hold control characters.' }),
    Length(1, max, { message: `$property must hold 1 to ${max} characters.` }),
    IsString({ message: '$property must be a string.' }),
  );

const PinId = (example: string, description: string): PropertyDecorator =>
  all(
    ApiPropertyOptional({ type: 'string', nullable: true, example, description }),
    IsOptional(),
    Matches(/^[\x21-\x7e]{1,256}$/, { message: '$property must hold 1 to 256 visible ASCII characters.' }),
    IsString({ message: '$property must be a string.' }),
  );

/** All fields may be left out; null takes a value away where that makes sense. */
export class ModelChange {
  @ApiPropertyOptional({ type: 'string', example: 'team-model', description: 'What clients send as `model`' })
  @IsOptional()
  @Matches(ALIAS, { message: 'alias must hold 1 to 256 of A-Z a-z 0-9 _ . : - and nothing else.' })
  @IsString({ message: 'alias must be a string.' })
  readonly alias?: string;

  @Text('Our model', 128)
  readonly display_name?: string | null;

  @ApiPropertyOptional({ enum: KINDS, example: 'model' })
  @IsOptional()
  @IsIn(KINDS, { message: `kind must be one of ${KINDS.join(', ')}.` })
  readonly kind?: 'model' | 'agent';

  @PinId('team-azure', 'Pins this registered provider; instead of `pool_id`')
  readonly provider_id?: string | null;

  @PinId('interactive', 'Pins this pool; instead of `provider_id`. With neither, any resource serves it')
  readonly pool_id?: string | null;

  @Text('gpt-5', 256, 'What the upstream is told instead of the alias')
  readonly upstream_id?: string;

  @Names(
    ['gpt-5-mini'],
    8,
    'Aliases and models to try next, in order, when nobody can take a request for it. Over HTTP',
  )
  readonly fallbacks?: string[] | null;

  @Names(['vision'], 64, 'For people and clients; nothing is decided by it')
  readonly capabilities?: string[] | null;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: { type: 'number', nullable: true },
    nullable: true,
    example: { input: 1.25, output: 10, cached_input: 0.125 },
    description: 'US dollars per million tokens, in place of the catalogue’s',
  })
  @IsOptional()
  @IsObject({ message: 'prices must be an object with input, output and cached_input, or null.' })
  readonly prices?: Record<string, unknown> | null;

  @ApiPropertyOptional({ type: 'boolean', example: true, description: 'False: stored only' })
  @IsOptional()
  @IsBoolean({ message: 'enabled must be true or false.' })
  readonly enabled?: boolean;
}

export class ModelPricesDto {
  @Field(1.25, 'US dollars per million tokens')
  readonly input!: number;
  @Field(10)
  readonly output!: number;
  @NullableField(0.125, 'Null = as `input`')
  readonly cached_input!: number | null;
}

export class ModelDto {
  @Field('mdl_019a2b3c4d5e0123456789abcdef0123')
  readonly id!: string;
  @Field('team-model', 'What clients send as `model`')
  readonly alias!: string;
  @NullableField('Our model')
  readonly display_name!: string | null;
  @OneOf(KINDS, 'model')
  readonly kind!: (typeof KINDS)[number];
  @NullableField('team-azure')
  readonly provider_id!: string | null;
  @NullableField('interactive')
  readonly pool_id!: string | null;
  @Field('gpt-5', 'What the upstream is told instead')
  readonly upstream_id!: string;
  @ApiProperty({ type: 'string', isArray: true, nullable: true, example: ['gpt-5-mini'] })
  readonly fallbacks!: readonly string[] | null;
  @ApiProperty({ type: 'string', isArray: true, nullable: true, example: ['vision'] })
  readonly capabilities!: readonly string[] | null;
  @ApiProperty({ type: () => ModelPricesDto, nullable: true })
  readonly prices!: ModelPricesDto | null;
  @Field(true)
  readonly enabled!: boolean;
  @Nested(() => ProviderRoutingDto)
  readonly routing!: ProviderRoutingDto;
  @Field(1795410000000, 'Epoch ms')
  readonly created_at!: number;
  @Field(1795410000000, 'Epoch ms')
  readonly updated_at!: number;
}

export class ModelListDto {
  @ListOf(() => ModelDto, 'By alias')
  readonly models!: readonly ModelDto[];

  @NullableField('x', 'Always null: there are few')
  readonly next_cursor!: string | null;
}
