import { ApiProperty } from '@nestjs/swagger';
import type { AuditItem } from '../../usage/audit-item.js';
import { Field, ListOf, NextCursor, NullableField, OneOf } from './api-field.js';
import { ExactFilter, PageQuery } from './page-query.dto.js';

export class AuditQuery extends PageQuery {
  @ExactFilter('client_key.revoked')
  readonly action?: string;

  @ExactFilter('key_019a2b3c4d5e0123456789abcdef0123')
  readonly target_id?: string;
}

export class AuditEntryDto implements AuditItem {
  @Field('aud_019a2b3c4d5e0123456789abcdef0123')
  readonly id!: string;

  @Field(1795410000000, 'Epoch ms')
  readonly at!: number;

  @OneOf(['admin_token', 'local', 'command'], 'admin_token', 'By which right it was done')
  readonly actor!: AuditItem['actor'];

  @NullableField('127.0.0.1')
  readonly address!: string | null;

  @Field('client_key.revoked', 'Dotted: `provider.created`, `model.updated`, `client_key.revoked`')
  readonly action!: string;

  @Field('key_019a2b3c4d5e0123456789abcdef0123')
  readonly target_id!: string;

  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'array', items: { nullable: true }, minItems: 2, maxItems: 2 },
    example: { revokedAt: [null, 1795410000000] },
    description: 'Field → what it was and what it is; null = nothing. Of a secret only `[secret]`',
  })
  readonly changes!: AuditItem['changes'];
}

export class AuditListDto {
  @ListOf(() => AuditEntryDto, 'Newest first')
  readonly audit!: readonly AuditEntryDto[];

  @NextCursor()
  readonly next_cursor!: string | null;
}
