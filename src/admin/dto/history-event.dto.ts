import { ApiProperty } from '@nestjs/swagger';
import type { EventItem } from '../../usage/event.read-model.js';
import { Field, ListOf, NextCursor, NullableField, OneOf } from './api-field.js';

export class HistoryEventDto implements EventItem {
  @Field('evt_019a2b3c4d5e0123456789abcdef0123')
  readonly id!: string;

  @Field(1795410000000, 'Epoch ms')
  readonly at!: number;

  @Field('resource.health', 'Dotted: `resource.health`, `spool.adopted`, `process.started`')
  readonly kind!: string;

  @OneOf(['info', 'warn', 'error'], 'warn')
  readonly severity!: EventItem['severity'];

  @NullableField('openai-1')
  readonly resource_id!: string | null;

  @NullableField('req_019a2b3c4d5e0123456789abcdef0123')
  readonly request_id!: string | null;

  @Field('openai-1 is unhealthy: invalid_key')
  readonly message!: string;

  @ApiProperty({
    type: 'object',
    additionalProperties: {
      oneOf: [{ type: 'string' }, { type: 'number' }, { type: 'boolean' }],
      nullable: true,
    },
    example: { from: 'healthy', to: 'unhealthy' },
  })
  readonly data!: EventItem['data'];
}

export class HistoryEventListDto {
  @ListOf(() => HistoryEventDto, 'Newest first')
  readonly history_events!: readonly HistoryEventDto[];

  @NextCursor()
  readonly next_cursor!: string | null;
}
