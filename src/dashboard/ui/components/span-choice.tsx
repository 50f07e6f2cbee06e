import type { JSX } from 'preact';
import { getQuery, href } from '../router.js';

const SPANS = [
  ['1h', 'Hour'],
  ['24h', 'Day'],
  ['7d', 'Week'],
  ['30d', 'Month'],
] as const;

/** How far back the charts go; in the address, so that it can be shared. */
export function chosenSpan(): string {
  const span = getQuery('span');
  return SPANS.some(([one]) => one === span) ? span : '24h';
}

export function SpanChoice(): JSX.Element {
  const chosen = chosenSpan();
  return (
    <nav class="spans" aria-label="Span of the charts">
      {SPANS.map(([span, label]) => (
        <a key={span} href={href('/', { span })} aria-current={span === chosen ? 'true' : undefined}>
          {label}
        </a>
      ))}
    </nav>
  );
}
