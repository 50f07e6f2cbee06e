import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { messageOf } from '../api.js';

/** Asks the proxy to probe, and says what came of it; what it means for routing comes with the live state. */
export function ProbeButton(props: {
  label: string;
  /** For screen readers, where several such buttons have the same label. */
  name?: string;
  /** In words. */
  ask: () => Promise<string>;
}): JSX.Element {
  const busy = useSignal(false);
  const said = useSignal('');
  const probe = async (): Promise<void> => {
    busy.value = true;
    said.value = '';
    try {
      said.value = await props.ask();
    } catch (error: unknown) {
      said.value = messageOf(error);
    } finally {
      busy.value = false;
    }
  };
  return (
    <div class="check">
      <span role="status">{said.value}</span>
      <button
        type="button"
        aria-label={busy.value ? undefined : props.name}
        disabled={busy.value}
        onClick={() => void probe()}
      >
        {busy.value ? 'Probing…' : props.label}
      </button>
    </div>
  );
}
