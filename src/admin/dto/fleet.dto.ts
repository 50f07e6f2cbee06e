import { Field, NullableField, OneOf, Texts } from './api-field.js';

export const PROBLEM_CODES = ['other_database', 'other_redis', 'no_worker', 'redis_settings'] as const;

/** A process of this installation: a replica or a worker. */
export class PeerDto {
  @Field('inst_019a2b3c4d5e0123456789abcdef0123')
  readonly instance_id!: string;

  @OneOf(['api', 'worker'], 'api')
  readonly role!: 'api' | 'worker';

  @Field('0.1.0')
  readonly version!: string;

  @Field('proxy-7d9f', 'Host name')
  readonly host!: string;

  @Field(180, 'Milliseconds since it was last heard of; 0 for the process that answers')
  readonly age_ms!: number;

  @Field(86400)
  readonly uptime_seconds!: number;

  @Field(3, 'Exchanges open there')
  readonly in_flight!: number;

  @Field(0, 'Records on its disk that are not yet in SQL')
  readonly pending!: number;

  @Field(0, 'Age of the oldest of them, milliseconds')
  readonly lag_ms!: number;

  @Field(false, 'It takes no new requests any more')
  readonly draining!: boolean;

  @NullableField(true, 'Whether it uses the database of the process that answers; null = not known yet')
  readonly database_matches!: boolean | null;

  @Field(true, 'The process that answers')
  readonly self!: boolean;
}

export class RedisStateDto {
  @OneOf(
    ['alone', 'up', 'away'],
    'up',
    '`alone`: none is configured. `away`: it does not answer, and this process goes on alone',
  )
  readonly status!: 'alone' | 'up' | 'away';

  @NullableField('connect ECONNREFUSED', 'Why it is away')
  readonly error!: string | null;

  @Texts(['maxmemory-policy is allkeys-lru'], 'What is wrong with its settings though it answers')
  readonly warnings!: readonly string[];
}

/** What a person must mend; traffic goes on. */
export class FleetProblemDto {
  @OneOf(PROBLEM_CODES, 'other_database')
  readonly code!: (typeof PROBLEM_CODES)[number];

  @Field(
    'worker inst_019a… on host-b uses another database than api inst_019b… on host-a, on the same Redis: …',
    'Cause and fix, in words',
  )
  readonly message!: string;
}
