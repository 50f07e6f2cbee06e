import type { JSX } from 'preact';
import { now } from '../clock.js';
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
      {current !== null && <Figures current={current} />}
    </dl>
  );
}

/** What was true when somebody last heard of it is not told as what is. */
function Figures({ current }: { current: AdminState }): JSX.Element {
  const live = connection.value === 'live';
  const tone = live ? undefined : 'stale';
  const ready = readiness(current);
  return (
    <>
      {live ? (
        <Fact name="Proxy" value={ready} tone={ready === 'ready' ? 'good' : 'bad'} />
      ) : (
        <Fact
          name="Proxy"
          value={`not known (state of ${span(now.value - current.timestamp)} ago)`}
          tone="warn"
        />
      )}
      <Fact name="In flight" value={inFlight(current)} tone={tone} />
      <Fact name="Queue" value={String(current.queue_depth)} tone={tone} />
      <Fact name="Affinity" value={String(current.affinity_count)} tone={tone} />
      <Fact name="Up" value={span(current.uptime_seconds * 1000)} tone={tone} />
      <Fact name="Version" value={current.version} tone={tone} />
    </>
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

function Fact(props: {
  name: string;
  value: string;
  tone?: 'good' | 'bad' | 'warn' | 'stale' | undefined;
}): JSX.Element {
  return (
    <div>
      <dt>{props.name}</dt>
      <dd class={props.tone}>{props.value}</dd>
    </div>
  );
}
