import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

const SAID_MS = 2_000;

/** A button that copies a text, also where the page came over plain HTTP and has no clipboard. */
export function Copy(props: { text: string; label?: string; what?: string }): JSX.Element {
  const said = useSignal('');
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const copy = async (): Promise<void> => {
    said.value = (await copied(props.text)) ? 'Copied' : 'Select it and press Ctrl+C';
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      said.value = '';
    }, SAID_MS);
  };
  const label = props.label ?? 'Copy';
  return (
    <span class="copy">
      <button
        type="button"
        class="small"
        aria-label={props.what === undefined ? label : `${label} ${props.what}`}
        onClick={() => void copy()}
      >
        {label}
      </button>
      <span role="status" class="hint">
        {said.value}
      </span>
    </span>
  );
}

async function copied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copiedBySelection(text);
  }
}

function copiedBySelection(text: string): boolean {
  const area = document.createElement('textarea');
  area.value = text;
  area.className = 'unseen';
  document.body.append(area);
  area.select();
  const worked = document.execCommand('copy');
  area.remove();
  return worked;
}
