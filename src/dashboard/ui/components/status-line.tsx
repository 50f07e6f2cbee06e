import type { JSX } from 'preact';
import { span } from '../format.js';
import { connection, state } from '../store.js';
import type { AdminState } from '../wire.js';

const CONNECTION_WORDS = {
  connecting: 'connecting',
  live: 'live',
  away: 'not connected',
  signed_out: 'signed out',
} as const;

export function StatusLine(): JSX.Element {
  const current = state.value;
  return (
    <dl class="status">
      <Fact
        name="Dashboard"
        value={CONNECTION_WORDS[connection.value]}
        tone={connection.value === 'live' ? 'good' : 'bad'}
      />
      {current !== null && (
        <>
          <Fact
            name="Proxy"
            value={readiness(current)}
            tone={readiness(current) === 'ready' ? 'good' : 'bad'}
          />
          <Fact name="In flight" value={inFlight(current)} />
          <Fact name="Queue" value={String(current.queue_depth)} />
          <Fact name="Affinity" value={String(current.affinity_count)} />
          <Fact name="Up" value={span(current.uptime_seconds * 1000)} />
          <Fact name="Version" value={current.version} />
        </>
      )}
    </dl>
  );
}

/** Of all replicas, and of this one where there are others. */
function inFlight(current: AdminState): string {
  const here = current.replicas.length > 1 ? ` (${current.in_flight} here)` : '';
  return `${current.fleet_in_flight}${here}`;
}

function readiness(current: AdminState): string {
  if (current.resources.length === 0) return 'not ready: no key';
  if (current.resources.every((resource) => resource.health.status === 'unhealthy')) {
    return 'not ready: no usable key';
  }
  return current.database.ready ? 'ready' : 'ready, without history';
}

function Fact(props: { name: string; value: string; tone?: 'good' | 'bad' }): JSX.Element {
  return (
    <div>
      <dt>{props.name}</dt>
      <dd class={props.tone}>{props.value}</dd>
    </div>
  );
}
