import { setImmediate as yieldToLoop } from 'node:timers/promises';
import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Clock } from '../common/clock.js';
import { CLOCK } from '../common/tokens.js';
import { APP_CONFIG, type AppConfig } from '../config/app-config.js';
import { DatabaseService } from '../infra/database/database.service.js';
import { PEERS, type Peers } from '../state/peers.js';
import { SqlQuery } from './sql-query.js';

const DAY_MS = 86_400_000;
/** A statement of this many rows takes milliseconds: writers of history never wait long. */
const BATCH = 1_000;
/** Bodies are large; a batch of them is measured in megabytes. */
const BODY_BATCH = 100;
const KEY_USAGE_DAYS = 62;
const FIRST_RUN_MS = 5 * 60_000;
const INTERVAL_MS = 60 * 60_000;
/** Of all processes on one database one prunes. A little less than the interval: the next turn is not missed. */
const TURN_MS = INTERVAL_MS - 60_000;

interface Rule {
  readonly table: string;
  readonly key: readonly string[];
  /** Column with the time that counts, and the age at which the row goes. */
  readonly column: string;
  readonly age: (policy: AppConfig['retention']) => number;
  readonly batch: number;
}

const history = (table: string, key: string[], column: string): Rule => ({
  table,
  key,
  column,
  age: (policy) => policy.days * DAY_MS,
  batch: BATCH,
});

/** Every table but those that do not grow with traffic: `resource_identities`, which must remember keys that come back, and `database_identity`. */
const RULES: readonly Rule[] = [
  {
    table: 'bodies',
    key: ['request_id', 'direction'],
    column: 'at',
    age: (policy) => policy.bodyDays * DAY_MS,
    batch: BODY_BATCH,
  },
  history('attempts', ['request_id', 'n'], 'started_at'),
  history('decisions', ['id'], 'at'),
  history('events', ['id'], 'at'),
  history('requests', ['id'], 'started_at'),
  history('sessions', ['id', 'caller_id'], 'last_seen_at'),
  history('processes', ['instance_id'], 'seen_at'),
  // Budgets look back to the first of the month.
  {
    table: 'key_usage',
    key: ['caller_id', 'day', 'instance_id'],
    column: 'day',
    age: (policy) => Math.max(policy.days, KEY_USAGE_DAYS) * DAY_MS,
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

/** Deletes what is older than the operator wants to keep, a little at a time. */
@Injectable()
export class RetentionService implements OnApplicationBootstrap, OnApplicationShutdown {
  #timer: NodeJS.Timeout | null = null;
  #running: Promise<unknown> | null = null;
  #stopped = false;

  constructor(
    private readonly database: DatabaseService,
    @Inject(APP_CONFIG) private readonly config: Pick<AppConfig, 'retention'>,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(PEERS) private readonly peers: Pick<Peers, 'claim'>,
  ) {}

  onApplicationBootstrap(): void {
    this.#schedule(FIRST_RUN_MS);
  }

  async onApplicationShutdown(): Promise<void> {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#running;
  }

  /** Rows deleted by table. */
  async prune(): Promise<Record<string, number>> {
    const deleted: Record<string, number> = {};
    for (const rule of RULES) {
      const before = this.clock.now() - rule.age(this.config.retention);
      deleted[rule.table] = await this.#pruneTable(rule, before);
    }
    return deleted;
  }

  async #pruneTable(rule: Rule, before: number): Promise<number> {
    let total = 0;
    while (!this.#stopped) {
      const count = await this.#pruneBatch(rule, before);
      total += count;
      if (count < rule.batch) break;
      await yieldToLoop();
    }
    return total;
  }

  async #pruneBatch(rule: Rule, before: number): Promise<number> {
    const key = rule.key.map((column) => `"${column}"`).join(', ');
    const query = new SqlQuery(this.database.dialect);
    const old = `SELECT ${key} FROM "${rule.table}" WHERE "${rule.column}" < ${query.param(before)}
      ORDER BY "${rule.column}" LIMIT ${query.param(rule.batch)}`;
    const sql = `DELETE FROM "${rule.table}" WHERE (${key}) IN (${old})`;
    const result = await this.database.transaction((runner) => runner.query(sql, query.params, true));
    return result.affected ?? 0;
  }

  async #takeTurn(): Promise<void> {
    if (await this.peers.claim('retention', TURN_MS)) await this.prune();
  }

  #schedule(delayMs: number): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      // A failed run is no harm: the next one takes up where it stopped.
      this.#running = this.#takeTurn()
        .catch(() => undefined)
        .finally(() => this.#schedule(INTERVAL_MS));
    }, delayMs);
    this.#timer.unref();
  }
}
