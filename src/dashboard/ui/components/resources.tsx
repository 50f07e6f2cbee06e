import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { messageOf, sendJson } from '../api.js';
import type { ResourceState } from '../wire.js';
import { ResourceCard } from './resource-card.js';

export function Resources(props: { resources: readonly ResourceState[] }): JSX.Element {
  return (
    <section aria-labelledby="resources-title">
      <div class="section-head">
        <h2 id="resources-title">Resources</h2>
        <CheckButton />
      </div>
      <ul class="cards">
        {props.resources.map((resource) => (
          <ResourceCard key={resource.id} resource={resource} />
        ))}
      </ul>
    </section>
  );
}

/** Probes every key; the answers arrive with the live state. */
function CheckButton(): JSX.Element {
  const busy = useSignal(false);
  const said = useSignal('');
  const check = async (): Promise<void> => {
    busy.value = true;
    said.value = '';
    try {
      await sendJson('POST', '/admin/health/check');
      said.value = 'Checked.';
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
        {busy.value ? 'Checking…' : 'Check all now'}
      </button>
    </div>
  );
}
