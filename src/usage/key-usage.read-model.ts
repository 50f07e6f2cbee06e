import { Inject, Injectable } from '@nestjs/common';
import { INSTANCE_ID } from '../common/tokens.js';
import { DatabaseService } from '../infra/database/database.service.js';
import type { KeyUsageItem } from './key-usage-item.js';
import { SqlQuery } from './sql-query.js';
import { usd } from './usd.js';
import { utcDay, utcMonth } from './utc-day.js';

/** What one caller used on one UTC day; money in millionths of a US dollar. */
export interface KeyDay {
  readonly caller_id: string;
  readonly day: number;
  /** Empty = of all others together. */
  readonly instance_id: string;
  readonly tokens: number;
  readonly cost: number;
}

interface RawUsage extends Omit<KeyUsageItem, 'cost_usd'> {
  readonly caller_id: string;
  readonly cost: number;
}

/** Use of keys by day, from the sums the recorder keeps; never a scan of requests. */
@Injectable()
export class KeyUsageReadModel {
  constructor(
    private readonly database: DatabaseService,
    @Inject(INSTANCE_ID) private readonly instanceId: string,
  ) {}

  /** Of this month, through all processes but this one: those of `apart` each by itself, the rest together. */
  async elsewhere(now: number, apart: readonly string[] = []): Promise<KeyDay[]> {
    const query = new SqlQuery(this.database.dialect).from('day', utcMonth(now));
    const ids = apart.map((id) => query.param(id)).join(', ');
    const instance = ids === '' ? "''" : `CASE WHEN "instance_id" IN (${ids}) THEN "instance_id" ELSE '' END`;
    return this.database.readPatiently<KeyDay>(
      `SELECT "caller_id", "day", ${instance} AS "instance_id", SUM("tokens") AS "tokens", SUM("cost") AS "cost"
        FROM "key_usage"${query.where} AND "instance_id" <> ${query.param(this.instanceId)} GROUP BY 1, 2, 3`,
      query.params,
    );
  }

  /** Through all processes, by caller. Throws `database_unavailable`. */
  async current(now: number): Promise<{ day: Map<string, KeyUsageItem>; month: Map<string, KeyUsageItem> }> {
    const [day, month] = await Promise.all([this.#since(utcDay(now)), this.#since(utcMonth(now))]);
    return { day, month };
  }

  async #since(time: number): Promise<Map<string, KeyUsageItem>> {
    const query = new SqlQuery(this.database.dialect).from('day', time);
    const rows = await this.database.read<RawUsage>(
      `SELECT "caller_id", SUM("requests") AS "requests", SUM("tokens") AS "tokens", SUM("cost") AS "cost",
          SUM("unpriced_requests") AS "unpriced_requests" FROM "key_usage"${query.where} GROUP BY 1`,
      query.params,
    );
    return new Map(
      rows.map(({ caller_id, cost, ...sums }) => [caller_id, { ...sums, cost_usd: usd(cost) ?? 0 }]),
    );
  }
}
