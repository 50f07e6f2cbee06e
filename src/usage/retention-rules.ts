import type { AppConfig } from '../config/app-config.js';

const DAY_MS = 86_400_000;
/** A statement of this many rows takes milliseconds: writers of history never wait long. */
const BATCH = 1_000;
/** Bodies are large; a batch of them is measured in megabytes. */
const BODY_BATCH = 100;
const KEY_USAGE_DAYS = 62;
const HOUR_MS = 3_600_000;
export interface RetentionRule {
  readonly table: string;
  readonly key: readonly string[];
  /** Column with the time that counts, and the age at which the row goes. */
  readonly column: string;
  readonly age: (policy: AppConfig['retention']) => number;
  readonly batch: number;
  /** Sums of hours are made of it: nothing goes that is not in them. */
  readonly summed?: boolean;
}

const ageOfHours = (policy: AppConfig['retention']): number =>
  Math.max(policy.usageDays, policy.days) * DAY_MS + HOUR_MS;

const history = (
  table: string,
  key: string[],
  column: string,
  days: keyof AppConfig['retention'] = 'days',
): RetentionRule => ({ table, key, column, age: (policy) => policy[days] * DAY_MS, batch: BATCH });

/**
 * Every table but those that do not grow with traffic: `resource_identities`, which must remember keys that come back,
 * `database_identity`, the registry, and its audit, which nothing here ever shortens.
 */
export const RETENTION_RULES: readonly RetentionRule[] = [
  {
    table: 'bodies',
    key: ['request_id', 'direction'],
    column: 'at',
    age: (policy) => policy.bodyDays * DAY_MS,
    batch: BODY_BATCH,
  },
  history('attempts', ['request_id', 'n'], 'started_at'),
  history('decisions', ['id'], 'at', 'decisionDays'),
  history('events', ['id'], 'at', 'eventDays'),
  { ...history('requests', ['id'], 'started_at'), summed: true },
  history('sessions', ['id', 'caller_id'], 'last_seen_at', 'sessionDays'),
  history('processes', ['instance_id'], 'seen_at'),
  // As long as any request of the hour stays, and longer if asked to.
  {
    table: 'usage_hours',
    key: ['hour', 'model', 'resource_id', 'caller_id'],
    column: 'hour',
    age: ageOfHours,
    batch: BATCH,
  },
  { table: 'latency_hours', key: ['hour', 'bucket'], column: 'hour', age: ageOfHours, batch: BATCH },
  // Budgets look back to the first of the month.
  {
    table: 'key_usage',
    key: ['caller_id', 'day', 'instance_id'],
    column: 'day',
    age: (policy) => Math.max(policy.usageDays, KEY_USAGE_DAYS) * DAY_MS,
    batch: BATCH,
  },
  // A binding says itself when it is over.
  {
    table: 'affinity_bindings',
    key: ['caller_id', 'kind', 'id'],
    column: 'expires_at',
    age: () => 0,
    batch: BATCH,
  },
];
