import { ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsInt, IsOptional, IsString, Length, Max, Min, NotContains } from 'class-validator';

const LIMIT_MESSAGE = 'limit must be a whole number from 1 to 500.';
const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 500;

/** Digits only: `1e2`, ` 5` and `0x10` are numbers to JavaScript and typos to everybody else. */
const digits = ({ value }: { value: unknown }): unknown =>
  typeof value === 'string' && /^\d{1,6}$/.test(value) ? Number(value) : Number.NaN;

export const WholeNumber = (): PropertyDecorator => Transform(digits);

export class LimitQuery {
  @ApiPropertyOptional({
    type: 'integer',
    minimum: 1,
    maximum: MAX_LIMIT,
    default: DEFAULT_LIMIT,
    example: 50,
  })
  @WholeNumber()
  @Max(MAX_LIMIT, { message: LIMIT_MESSAGE })
  @Min(1, { message: LIMIT_MESSAGE })
  @IsInt({ message: LIMIT_MESSAGE })
  readonly limit: number = DEFAULT_LIMIT;
}

export class PageQuery extends LimitQuery {
  @ApiPropertyOptional({
    description: '`next_cursor` of the page before',
    example: 'WzE3OTU0MTAwMDAwMDAsInJlcV8wMTlhIl0',
  })
  @IsOptional()
  @Length(1, 512, { message: 'cursor must be the next_cursor of an earlier answer.' })
  @IsString({ message: 'cursor must be given once.' })
  readonly cursor?: string;
}

/** An optional filter by one exact value. */
export const ExactFilter = (example: string, description?: string): PropertyDecorator => {
  const decorators = [
    ApiPropertyOptional({
      type: 'string',
      example,
      ...(description === undefined ? {} : { description }),
    }),
    IsOptional(),
    NotContains('\0', { message: '$property must not hold NUL.' }),
    Length(1, 512, { message: '$property must hold 1 to 512 characters.' }),
    IsString({ message: '$property must be given once.' }),
  ];
  return (target, property) => {
    for (const decorate of decorators) decorate(target, property);
  };
};

export const SinceFilter = (): PropertyDecorator => {
  const decorators = [
    ApiPropertyOptional({
      type: 'string',
      description: 'Epoch milliseconds, ISO 8601 with zone, or a span back from now: `15m`, `1h`, `7d`',
      example: '1h',
    }),
    IsOptional(),
    IsString({ message: 'since must be given once.' }),
  ];
  return (target, property) => {
    for (const decorate of decorators) decorate(target, property);
  };
};
