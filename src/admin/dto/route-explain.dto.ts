import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsIn, IsInt, IsOptional, IsString, Length, Max, Min, NotContains } from 'class-validator';
import { Field, ListOf, NullableField } from './api-field.js';
import { DecisionDto } from './decision.dto.js';
import type { RouteKind } from '../../balancer/routing-hints.js';

export const ROUTE_KINDS = [
  'create',
  'response',
  'compact',
  'input_tokens',
  'models',
  'model',
  'conversations',
  'conversation',
] as const satisfies readonly RouteKind[];

/** A field of the imagined request, as a client would send it; left out or null = not sent. */
const Imagined = (example: string, description?: string): PropertyDecorator => {
  const decorators = [
    ApiPropertyOptional({ type: 'string', nullable: true, example, description }),
    IsOptional(),
    NotContains('\0', { message: '$property must not hold NUL.' }),
    Length(1, 512, { message: '$property must hold 1 to 512 characters.' }),
    IsString({ message: '$property must be a string.' }),
  ];
  return (target, property) => {
    for (const decorate of decorators) decorate(target, property);
  };
};

/** A request that is not sent: what the router would look at. Every field may be left out. */
export class RouteExplainBody {
  @Imagined('main', 'Pool asked for')
  readonly pool_id?: string | null;

  @Imagined('gpt-5')
  readonly model?: string | null;

  @Imagined('0199f2a0-5b1e-7c3d-9a4f-1c2d3e4f5a6b')
  readonly session_id?: string | null;

  @Imagined('0199f2a0-5b1e-7c3d-9a4f-1c2d3e4f5a6b')
  readonly thread_id?: string | null;

  @Imagined('0199f2a0-5b1e-7c3d-9a4f-1c2d3e4f5a6b', 'Thread of the agent that started this one')
  readonly parent_thread_id?: string | null;

  @Imagined('0199f2a0-5b1e-7c3d-9a4f-1c2d3e4f5a6b')
  readonly forked_from_thread_id?: string | null;

  @Imagined('resp_68a1b2c3')
  readonly previous_response_id?: string | null;

  @Imagined('resp_68a1b2c3', 'Id in the path: `/v1/responses/{id}`')
  readonly response_id?: string | null;

  @Imagined('conv_68a1b2c3')
  readonly conversation_id?: string | null;

  @Imagined(
    'loopback',
    'Whose request it is: `loopback` (as when left out), `anonymous` or the id of a client key',
  )
  readonly caller_id?: string | null;

  @Imagined(
    'key_68a1b2c3',
    'As a request with this client key: its pools, its models, and that ids must be its own',
  )
  readonly client_key_id?: string | null;

  @ApiPropertyOptional({
    type: 'integer',
    nullable: true,
    minimum: 0,
    maximum: 10_000_000,
    example: 12_500,
    description: 'Tokens of its prompt: of a request, a quarter of the bytes of its body',
  })
  @IsOptional()
  @Min(0)
  @Max(10_000_000)
  @IsInt({ message: 'input_tokens must be a whole number.' })
  readonly input_tokens?: number | null;

  @ApiPropertyOptional({
    type: 'boolean',
    nullable: true,
    example: false,
    description: 'The input holds encrypted content that was made in this session',
  })
  @IsOptional()
  @IsBoolean({ message: 'sealed must be true or false.' })
  readonly sealed?: boolean | null;

  @ApiPropertyOptional({
    enum: [...ROUTE_KINDS],
    nullable: true,
    default: 'create',
    example: 'create',
    description: 'What is asked of the API; `create` = POST /v1/responses',
  })
  @IsOptional()
  @IsIn(ROUTE_KINDS, { message: `route_kind must be one of ${ROUTE_KINDS.join(', ')}.` })
  readonly route_kind?: RouteKind | null;
}

/** What a fallback of the alias asked for would come to. */
export class FallbackDecisionDto {
  @Field('gpt-5-mini', 'Name of the fallback, as the alias lists it')
  readonly model!: string;

  @NullableField('openai-1', 'Null = nobody would serve it')
  readonly resource_id!: string | null;

  @Field('least_connections')
  readonly reason!: string;

  @Field('openai-1 has the least load of 2.', 'In words')
  readonly explanation!: string;

  @Field(false, 'The request would go here: nobody can take what stands before it')
  readonly used!: boolean;
}

export class RouteExplanationDto extends DecisionDto {
  @ListOf(() => FallbackDecisionDto, 'Of an alias, in order; tried where nobody can take the one before')
  readonly fallbacks!: readonly FallbackDecisionDto[];
}
