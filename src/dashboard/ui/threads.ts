import type { RequestRow } from './wire-history.js';

/** One thread of a session: the main one, or a sub-agent, which has a parent. */
export interface Thread {
  readonly id: string;
  readonly parent: string | null;
  readonly requests: number;
  readonly input: number | null;
  readonly cached: number | null;
  readonly output: number | null;
  readonly cost: number | null;
  readonly firstAt: number;
  readonly lastAt: number;
}

/** Threads by their first request. Requests without a thread belong to the session itself. */
export function threadsOf(sessionId: string, requests: readonly RequestRow[]): Thread[] {
  const groups = new Map<string, RequestRow[]>();
  for (const row of requests) {
    const id = row.thread_id ?? sessionId;
    groups.set(id, [...(groups.get(id) ?? []), row]);
  }
  return [...groups]
    .map(([id, rows]) => ({
      id,
      parent: parentOf(id, rows),
      requests: rows.length,
      input: sum(rows.map((row) => row.input_tokens)),
      cached: sum(rows.map((row) => row.cached_tokens)),
      output: sum(rows.map((row) => row.output_tokens)),
      cost: sum(rows.map((row) => row.cost_usd)),
      firstAt: Math.min(...rows.map((row) => row.started_at)),
      lastAt: Math.max(...rows.map((row) => row.started_at)),
    }))
    .sort((a, b) => a.firstAt - b.firstAt);
}

/** A client may name a thread as its own parent. */
function parentOf(id: string, rows: readonly RequestRow[]): string | null {
  const told = rows.find(({ parent_thread_id: parent }) => parent !== null && parent !== id);
  return told?.parent_thread_id ?? null;
}

/** Null where nobody told anything: unknown is not zero. */
function sum(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((a, b) => a + b, 0);
}
