import { useSignal } from '@preact/signals';
import type { ComponentChildren, JSX } from 'preact';
import { call, messageOf } from '../api.js';

/** A file of the API. Not a plain link: that would not carry the admin token. */
export function Download(props: {
  path: string;
  name: string;
  title?: string;
  children: ComponentChildren;
}): JSX.Element {
  const said = useSignal('');
  const busy = useSignal(false);
  const fetchIt = async (): Promise<void> => {
    busy.value = true;
    said.value = '';
    try {
      save(await (await call(props.path)).blob(), props.name);
    } catch (error: unknown) {
      said.value = messageOf(error);
    } finally {
      busy.value = false;
    }
  };
  return (
    <>
      <button type="button" title={props.title} disabled={busy.value} onClick={() => void fetchIt()}>
        {props.children}
        <span class="unseen">{` ${props.name}`}</span>
      </button>
      {said.value !== '' && (
        <span class="bad" role="alert">
          {said.value}
        </span>
      )}
    </>
  );
}

export function save(blob: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // The browser has the file by then; a second is what others leave it, too.
  setTimeout(() => URL.revokeObjectURL(link.href), 1_000);
}
