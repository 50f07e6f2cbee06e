import { words } from './format.js';
import type { RequestDetail } from './wire-history.js';

/** One bar of a request's life; times in ms from its start. */
export interface TimelineBar {
  readonly name: string;
  readonly kind: 'wait' | 'ok' | 'failed' | 'answer' | 'mark';
  readonly from: number;
  readonly length: number;
}

export interface Timeline {
  readonly total: number;
  readonly bars: readonly TimelineBar[];
}

/** Waiting, attempts, first byte, answer, in the order they happened. `now` ends what still runs. */
export function timelineOf({ request, attempts, decisions }: RequestDetail, now: number): Timeline {
  const start = request.started_at;
  const total = Math.max(1, request.latency_ms ?? (request.finished_at ?? now) - start);
  const bars: TimelineBar[] = [];
  for (const { at, waited_ms } of decisions) {
    if (waited_ms !== null && waited_ms > 0)
      bars.push({
        name: 'Waited for a place',
        kind: 'wait',
        from: at - start - waited_ms,
        length: waited_ms,
      });
  }
  for (const { n, resource_id, started_at, duration_ms, class: how } of attempts) {
    const kind = how === 'ok' ? 'ok' : 'failed';
    bars.push({
      name: `Attempt ${n} on ${resource_id}`,
      kind,
      from: started_at - start,
      length: duration_ms,
    });
  }
  bars.sort((a, b) => a.from - b.from);
  const first = request.first_byte_ms;
  if (first !== null) {
    bars.push({ name: 'First byte', kind: 'mark', from: first, length: 0 });
    bars.push({ name: 'Answer', kind: 'answer', from: first, length: Math.max(0, total - first) });
  }
  const end = request.state === 'in_progress' ? 'Still running' : `End: ${words(request.state)}`;
  bars.push({ name: end, kind: 'mark', from: total, length: 0 });
  return { total, bars: bars.map((bar) => within(bar, total)) };
}

/** Clocks of several processes may have written it: nothing leaves the picture. */
function within(bar: TimelineBar, total: number): TimelineBar {
  const from = Math.min(Math.max(0, bar.from), total);
  return { ...bar, from, length: Math.min(Math.max(0, bar.length), total - from) };
}
