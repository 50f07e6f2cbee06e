import { DecisionDto } from './decision.dto.js';
import { Field, ListOf, Nested, NullableField, OneOf } from './api-field.js';
import { FleetProblemDto, PeerDto, RedisStateDto } from './fleet.dto.js';
import { ResourceStateDto } from './resource-state.dto.js';

export class SpoolStateDto {
  @Field(0, 'Records on disk that are not yet in SQL')
  readonly pending!: number;

  @Field(0)
  readonly bytes!: number;

  @NullableField(1795410000000, 'Oldest record that waits, epoch ms')
  readonly oldest_at!: number | null;

  @Field(0, 'Bodies given up because the spool was full, since start')
  readonly shed_bodies!: number;

  @Field(0, 'Records given up because the spool was full, since start; by kind in `rpx_spool_shed_total`')
  readonly shed_records!: number;

  @Field(0, 'Records a crash cut short, since start')
  readonly torn_records!: number;

  @Field(true, 'False while the disk refuses writes')
  readonly writable!: boolean;

  @Field(
    false,
    'True while not everything is kept: the disk refuses, the spool has no room for bodies, or something was given up within 5 s',
  )
  readonly capture_degraded!: boolean;

  @NullableField('connect ECONNREFUSED', 'Why the last batch did not reach SQL')
  readonly drain_error!: string | null;
}

export class DatabaseStateDto {
  @Field(true)
  readonly ready!: boolean;

  @OneOf(['sqlite', 'postgres'], 'sqlite')
  readonly kind!: 'sqlite' | 'postgres';

  @NullableField('connect ECONNREFUSED', 'Why it is not ready')
  readonly error!: string | null;
}

export class AdminStateDto {
  @ListOf(() => ResourceStateDto)
  readonly resources!: readonly ResourceStateDto[];

  @ListOf(() => DecisionDto, 'Newest first')
  readonly recent_decisions!: readonly DecisionDto[];

  @Field(12, 'Conversations, sessions and answers bound to a resource')
  readonly affinity_count!: number;

  @Field(0, 'Records not yet in SQL, wherever they wait: here and with the other processes that live')
  readonly queue_depth!: number;

  @Field(3, 'Exchanges open in this process')
  readonly in_flight!: number;

  @Field(7, 'Exchanges open in all replicas together')
  readonly fleet_in_flight!: number;

  @Field(1, 'WebSockets of clients open in this process')
  readonly open_sockets!: number;

  @Nested(() => SpoolStateDto)
  readonly spool!: SpoolStateDto;

  @Nested(() => DatabaseStateDto)
  readonly database!: DatabaseStateDto;

  @Field(1795410000000, 'Epoch ms')
  readonly timestamp!: number;

  @Field('0.1.0')
  readonly version!: string;

  @Field('inst_019a2b3c4d5e0123456789abcdef0123')
  readonly instance_id!: string;

  @Field(86400)
  readonly uptime_seconds!: number;

  @ListOf(() => PeerDto, 'API processes that live, the one that answers first')
  readonly replicas!: readonly PeerDto[];

  @ListOf(() => PeerDto, 'Telemetry workers that live; those inside API processes are not listed')
  readonly workers!: readonly PeerDto[];

  @OneOf(
    ['key', 'loopback', 'anyone'],
    'loopback',
    'Who may use /v1: who has a client key; without any key given out, this machine only, or anyone',
  )
  readonly client_access!: 'key' | 'loopback' | 'anyone';

  @Nested(() => RedisStateDto)
  readonly redis!: RedisStateDto;

  @ListOf(() => FleetProblemDto, 'What does not fit together and a person must mend; empty = all is well')
  readonly problems!: readonly FleetProblemDto[];
}
