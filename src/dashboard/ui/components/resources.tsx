import type { JSX } from 'preact';
import { sendJson } from '../api.js';
import { duration } from '../format.js';
import { connection } from '../store.js';
import type { Decision, ResourceState } from '../wire.js';
import { ProbeButton } from './probe-button.js';
import { ResourceCard } from './resource-card.js';

interface ProbeResult {
  readonly resource_id: string;
  readonly ok: boolean;
  readonly status_code: number | null;
  readonly latency_ms: number | null;
  readonly error: string | null;
}

export function Resources(props: {
  resources: readonly ResourceState[];
  decisions: readonly Decision[];
}): JSX.Element {
  return (
    <section aria-labelledby="resources-title">
      <div class="section-head">
        <h2 id="resources-title">Resources</h2>
        <ProbeButton label="Probe all now" ask={probeAll} />
      </div>
      <ul class="cards" data-stale={connection.value !== 'live'}>
        {props.resources.map((resource) => (
          <ResourceCard key={resource.id} resource={resource} decisions={props.decisions} />
        ))}
      </ul>
    </section>
  );
}

async function probeAll(): Promise<string> {
  const { results } = await sendJson<{ results: ProbeResult[] }>('POST', '/admin/health/check');

  const bad = results.filter(({ ok }) => !ok);
  if (bad.length === 0) {
    const slowest = Math.max(0, ...results.map(({ latency_ms }) => latency_ms ?? 0));
    return `All ${results.length} answered, the slowest in ${duration(slowest)}.`;
  }
  return bad
    .map(
      ({ resource_id, status_code, error }) =>
        `${resource_id}: ${error ?? `status ${status_code ?? 'none'}`}`,
    )
    .join('; ');
}
