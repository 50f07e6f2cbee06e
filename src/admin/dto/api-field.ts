import { ApiProperty } from '@nestjs/swagger';

type Example = string | number | boolean;
type DtoClass = abstract new (...args: never[]) => unknown;

const typeOf = (example: Example): 'string' | 'number' | 'boolean' => {
  const type = typeof example;
  return type === 'string' || type === 'number' ? type : 'boolean';
};

/** A property of an answer: the example says its type, so that no property is ever without one. */
export const Field = (example: Example, description?: string): PropertyDecorator =>
  ApiProperty({ type: typeOf(example), example, description });

/** The same, and null when nobody knows. */
export const NullableField = (example: Example, description?: string): PropertyDecorator =>
  ApiProperty({ type: typeOf(example), example, description, nullable: true });

export const OneOf = (values: readonly string[], example: string, description?: string): PropertyDecorator =>
  ApiProperty({ type: 'string', enum: [...values], example, description });

export const NullableOneOf = (
  values: readonly string[],
  example: string,
  description?: string,
): PropertyDecorator =>
  ApiProperty({ type: 'string', enum: [...values, null], example, description, nullable: true });

// Swagger knows a lazy type by its function's name, `type`, which the property initialiser gives it: passing the
// caller's function on would leave empty references.
export const ListOf = (type: () => DtoClass, description?: string): PropertyDecorator =>
  ApiProperty({ type: () => type() as never, isArray: true, description });

export const Texts = (example: readonly string[], description?: string): PropertyDecorator =>
  ApiProperty({ type: 'string', isArray: true, example: [...example], description });

export const Nested = (type: () => DtoClass, description?: string): PropertyDecorator =>
  ApiProperty({ type: () => type() as never, description });

export const NullableNested = (type: () => DtoClass, description?: string): PropertyDecorator =>
  ApiProperty({ type: () => type() as never, description, nullable: true });

export const NextCursor = (): PropertyDecorator =>
  NullableField('WzE3OTU0MTAwMDAwMDAsInJlcV8wMTlhIl0', 'Send as `cursor` for the next page; null = the end');
