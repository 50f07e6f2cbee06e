import { expect } from 'vitest';
import type { RequestRow } from './history.js';
import { LoadClient } from './load-client.js';
import type { LoadEntry } from './load-client.js';
import type { Rig } from './rig.js';
import { pause, until } from './until.js';

const LANES = 6;
const MOST_LINES_A_SECOND = 10;

export interface OutageFigures {
  readonly requests: number;
  /** From the end of the fault until SQL had everything. */
  readonly backlogMs: number;
  readonly linesInWorstSecond: number;
  readonly rssMb: number;
  /** Slowest answer of the admin API, while it said 503. */
  readonly admin503Ms: number;
}

/** Requests one after the other in a few lanes, until it is told to stop. */
export class SteadyLoad {
  readonly client: LoadClient;
  #over = false;
  readonly #lanes: Promise<void>[];

  constructor(rig: Rig, pauseMs = 30) {
    this.client = new LoadClient(rig.proxy.url);
    const lane = async (): Promise<void> => {
      while (!this.#over) {
        const stream = this.client.entries.length % 2 === 0;
        await this.client.send({ body: { stream }, keepText: false });
        await pause(pauseMs);
      }
    };
    this.#lanes = Array.from({ length: LANES }, lane);
  }

  async stop(): Promise<readonly LoadEntry[]> {
    this.#over = true;
    await Promise.all(this.#lanes);
    this.client.close();
    return this.client.entries;
  }
}

/** Load before, during and after a fault of the database: no client notices, every row arrives, the log stays readable. */
export async function outage(
  rig: Rig,
  fault: () => Promise<void>,
  recoveryMs = 60_000,
): Promise<OutageFigures> {
  const from = rig.proxy.lines.length;
  const load = new SteadyLoad(rig);
  await until(() => load.client.entries.length > 40, Boolean, { what: 'load' });
  const admin = watchAdmin(rig);
  await fault();
  const recovered = performance.now();
  const behind = load.client.entries.length;
  await until(() => load.client.entries.length > behind + 20, Boolean, { what: 'load after the fault' });
  const entries = await load.stop();
  await until(
    () => rig.proxy.state(),
    (state) => state.queue_depth === 0,
    {
      timeoutMs: recoveryMs,
      what: 'empty backlog',
    },
  );
  const backlogMs = Math.round(performance.now() - recovered);
  const admin503Ms = await admin.stop();
  expect(entries.filter((entry) => entry.status !== 200 || !entry.acknowledged)).toEqual([]);
  await expectRows(rig, entries);
  const linesInWorstSecond = worstSecond(rig.proxy.lines.slice(from));
  expect(linesInWorstSecond).toBeLessThanOrEqual(MOST_LINES_A_SECOND);
  const rssMb = Math.round(rig.proxy.rssMb());
  expect(rssMb).toBeLessThan(400);
  return { requests: entries.length, backlogMs, linesInWorstSecond, rssMb, admin503Ms };
}

async function expectRows(rig: Rig, entries: readonly LoadEntry[]): Promise<void> {
  const rows = await rig.history.rows<RequestRow>('SELECT * FROM requests');
  const byId = new Map(rows.map((row) => [row.id, row]));
  expect(byId.size).toBe(rows.length);
  const wrong = entries.filter((entry) => {
    const row = byId.get(entry.proxyRequestId ?? '');
    return (
      row?.state !== 'completed' ||
      row.response_id !== entry.responseId ||
      row.total_tokens !== entry.usage?.total_tokens
    );
  });
  expect(wrong).toEqual([]);
}

/** Asks the history again and again; how long the slowest refusal took. */
function watchAdmin(rig: Rig): { stop(): Promise<number> } {
  const watch = { over: false };
  let slowest = 0;
  const watching = (async () => {
    while (!watch.over) {
      const at = performance.now();
      const { status } = await fetch(`${rig.proxy.url}/admin/requests?limit=5`);
      const took = performance.now() - at;
      expect([200, 503]).toContain(status);
      if (status === 503) slowest = Math.max(slowest, took);
      await pause(100);
    }
  })();
  watching.catch(() => undefined); // told by `stop`
  return {
    async stop() {
      watch.over = true;
      await watching;
      // The limit is 1.5 s; what is left is for machines that are busy.
      expect(slowest).toBeLessThan(2_500);
      return Math.round(slowest);
    },
  };
}

/** Lines of the usual level that are not about one exchange, in the second that had most of them. */
function worstSecond(lines: readonly string[]): number {
  const seconds = new Map<string, number>();
  for (const line of lines) {
    if (/"msg":"request"|"level":"debug"/.test(line)) continue;
    const second = /"time":"([^".]+)/.exec(line)?.[1] ?? 'none';
    seconds.set(second, (seconds.get(second) ?? 0) + 1);
  }
  return Math.max(0, ...seconds.values());
}
