import { useSignal } from '@preact/signals';
import type { ComponentChildren, JSX } from 'preact';
import { useId, useRef } from 'preact/hooks';
import { messageOf } from '../api.js';

/** A button for what cannot be undone: says first what will happen, and only then does it. */
export function ConfirmButton(props: {
  readonly label: string;
  readonly title: string;
  /** What happens. */
  readonly children: ComponentChildren;
  readonly confirm: string;
  readonly keep: string;
  readonly onConfirm: () => Promise<void>;
  readonly small?: boolean;
}): JSX.Element {
  const id = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  const busy = useSignal(false);
  const failed = useSignal('');
  const open = (): void => {
    failed.value = '';
    dialog.current?.showModal();
  };
  const confirm = async (): Promise<void> => {
    busy.value = true;
    failed.value = '';
    try {
      await props.onConfirm();
      dialog.current?.close();
    } catch (error: unknown) {
      failed.value = messageOf(error);
    } finally {
      busy.value = false;
    }
  };
  return (
    <>
      <button type="button" class={props.small === true ? 'small danger' : 'danger'} onClick={open}>
        {props.label}
      </button>
      <dialog ref={dialog} aria-labelledby={`${id}-title`} class="confirm">
        <h2 id={`${id}-title`}>{props.title}</h2>
        {props.children}
        {failed.value !== '' && (
          <p class="notice bad-notice" role="alert">
            {failed.value}
          </p>
        )}
        <div class="form-end">
          <button type="button" class="danger" disabled={busy.value} onClick={() => void confirm()}>
            {busy.value ? 'One moment…' : props.confirm}
          </button>
          <button type="button" autofocus disabled={busy.value} onClick={() => dialog.current?.close()}>
            {props.keep}
          </button>
        </div>
      </dialog>
    </>
  );
}
