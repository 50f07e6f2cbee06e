import type { LoadEntry } from './load-client.js';
import type { Rig } from './rig.js';
import { until } from './until.js';

interface Use {
  readonly requests: number;
  readonly tokens: number;
  readonly cost_usd: number;
  readonly unpriced_requests: number;
}

export interface LimitedKey {
  readonly id: string;
  readonly key: string;
  readonly last_used_at: number | null;
  readonly today: Use;
  readonly this_month: Use;
}

/** Client keys with limits, as their operator makes and sees them, and what they are used for. */
export class LimitedKeys {
  constructor(
    private readonly rig: Pick<Rig, 'proxy' | 'client' | 'history'>,
    private readonly token: string,
  ) {}

  static bearer(made: LimitedKey): Record<string, string> {
    return { authorization: `Bearer ${made.key}` };
  }

  admin<T>(path: string, init: RequestInit = {}): Promise<T> {
    return this.rig.proxy.admin<T>(`/admin/${path}`, {
      ...init,
      headers: { authorization: `Bearer ${this.token}`, 'content-type': 'application/json' },
    });
  }

  make(terms: Record<string, unknown>): Promise<LimitedKey> {
    return this.admin('keys', { method: 'POST', body: JSON.stringify({ name: 'limited', ...terms }) });
  }

  async shown(id: string): Promise<LimitedKey> {
    const { keys } = await this.admin<{ keys: LimitedKey[] }>('keys');
    return keys.find((one) => one.id === id)!;
  }

  ask(made: LimitedKey, model = 'gpt-5.5'): Promise<LoadEntry> {
    return this.rig.client.send({ headers: LimitedKeys.bearer(made), body: { model } });
  }

  /** As the admin API shows it when all of its requests have ended in SQL. */
  async settled(made: LimitedKey, requests: number): Promise<LimitedKey> {
    const sql = `SELECT COUNT(*) AS n FROM requests WHERE caller_id = '${made.id}' AND finish_rank = 2 AND resource_id IS NOT NULL`;
    await until(
      () => this.rig.history.rows<{ n: number }>(sql),
      ([row]) => row?.n === requests,
      { timeoutMs: 15_000, what: `${requests} requests in SQL` },
    );
    return this.shown(made.id);
  }
}

export function errorOf(seen: LoadEntry): { code: string; message: string } {
  return (JSON.parse(seen.text) as { error: { code: string; message: string } }).error;
}
