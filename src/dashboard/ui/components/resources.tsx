import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { messageOf, sendJson } from '../api.js';
import { duration } from '../format.js';
import type { Decision, ResourceState } from '../wire.js';
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
        <CheckButton />
      </div>
      <ul class="cards">
        {props.resources.map((resource) => (
          <ResourceCard key={resource.id} resource={resource} decisions={props.decisions} />
        ))}
      </ul>
    </section>
  );
}

/** Probes every key; what each said is in its card as soon as the live state has it. */
function CheckButton(): JSX.Element {
  const busy = useSignal(false);
  const said = useSignal('');
  const check = async (): Promise<void> => {
    busy.value = true;
    said.value = '';
    try {
      const { results } = await sendJson<{ results: ProbeResult[] }>('POST', '/admin/health/check');
      said.value = summaryOf(results);
    } catch (error: unknown) {
      said.value = messageOf(error);
    } finally {
      busy.value = false;
    }
  };
  return (
    <div class="check">
      <span role="status">{said.value}</span>
      <button type="button" disabled={busy.value} onClick={() => void check()}>
        {busy.value ? 'Probing…' : 'Probe all now'}
      </button>
    </div>
  );
}

function summaryOf(results: readonly ProbeResult[]): string {
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
