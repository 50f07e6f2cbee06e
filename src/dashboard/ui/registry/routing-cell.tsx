import type { JSX } from 'preact';
import type { Routing } from './registry-wire.js';

/** Whether requests go there, and if not, why. */
export function RoutingCell(props: { routing: Routing; yes: string; no: string }): JSX.Element {
  const { active, reason } = props.routing;
  return (
    <span class="wraps">
      <span class={active ? 'good' : 'bad'}>{active ? props.yes : props.no}</span>
      {reason !== null && <span class="why">{reason}</span>}
    </span>
  );
}
