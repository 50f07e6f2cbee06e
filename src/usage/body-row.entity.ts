import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { big, binary, flag, text, textOrNull } from '../infra/database/column-types.js';

/** A captured body, apart from its request: large, compressed, and the first to be pruned. */
@Entity('bodies')
@Index('ix_bodies_at', ['at'])
export class BodyRow {
  @PrimaryColumn({ ...text('request_id'), primaryKeyConstraintName: 'pk_bodies' })
  requestId!: string;

  @PrimaryColumn({ ...text('direction'), primaryKeyConstraintName: 'pk_bodies' })
  direction!: string;

  @Column(big('at'))
  at!: number;

  @Column(textOrNull('content_type'))
  contentType!: string | null;

  /** Of the bytes as they passed through, before our compression. */
  @Column(textOrNull('content_encoding'))
  contentEncoding!: string | null;

  /** Of the whole body. */
  @Column(big('size'))
  size!: number;

  /** Of what was kept, uncompressed. */
  @Column(big('captured_size'))
  capturedSize!: number;

  @Column(flag('truncated'))
  truncated!: number;

  /** How `content` is stored, see `BodyCodec`. */
  @Column(text('codec'))
  codec!: string;

  @Column(binary('content'))
  content!: Buffer;
}
