import { Column, Entity, PrimaryColumn } from 'typeorm';
import { big, int } from '../infra/database/column-types.js';

const KEY = { primaryKeyConstraintName: 'pk_latency_hours' };

/**
 * How many requests that were answered in an hour took how long, for charts of weeks. Derived: retention makes it from the
 * requests of hours that are over (`latency-hours.ts`); nothing on the way of a request writes it.
 */
@Entity('latency_hours')
export class LatencyHourRow {
  /** First millisecond of the hour in which the requests started. */
  @PrimaryColumn({ ...big('hour'), ...KEY })
  hour!: number;

  /** Index into `LATENCY_BOUNDS`; their number = longer. */
  @PrimaryColumn({ ...int('bucket'), ...KEY })
  bucket!: number;

  @Column(big('requests'))
  requests!: number;
}
