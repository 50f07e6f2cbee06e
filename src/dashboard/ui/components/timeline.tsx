import type { JSX } from 'preact';
import { now } from '../clock.js';
import { duration } from '../format.js';
import { type TimelineBar, timelineOf } from '../timeline.js';
import type { RequestDetail } from '../wire-history.js';

/** A list whose items say in words what their bars show. */
export function TimelineList({ detail }: { detail: RequestDetail }): JSX.Element {
  const running = detail.request.state === 'in_progress';
  const { total, bars } = timelineOf(detail, running ? now.value : now.peek());
  return (
    <ol class="timeline">
      {bars.map((bar) => (
        <li key={`${bar.name} ${bar.from}`}>
          <span>{bar.name}</span>
          <Lane bar={bar} total={total} />
          <span class="number">
            {bar.kind === 'mark'
              ? `at ${duration(bar.from)}`
              : `${duration(bar.length)} from ${duration(bar.from)}`}
          </span>
        </li>
      ))}
    </ol>
  );
}

function Lane({ bar, total }: { bar: TimelineBar; total: number }): JSX.Element {
  const left = (bar.from / total) * 100;
  const width = (bar.length / total) * 100;
  return (
    <span class="lane" aria-hidden="true">
      <span class={`bar ${bar.kind}`} style={{ left: `${Math.min(left, 99.5)}%`, width: `${width}%` }} />
    </span>
  );
}
