import type { ComponentChildren, JSX } from 'preact';
import { messageOf } from '../api.js';

/** Something failed: said at once to whoever cannot see it. */
export function ErrorNotice(props: { error: unknown; retry?: () => void }): JSX.Element {
  return (
    <div class="notice bad-notice" role="alert">
      <p>{messageOf(props.error)}</p>
      {props.retry !== undefined && (
        <button type="button" onClick={props.retry}>
          Try again
        </button>
      )}
    </div>
  );
}

export function Empty(props: { children: ComponentChildren }): JSX.Element {
  return <div class="notice">{props.children}</div>;
}

export function Loading(props: { what?: string }): JSX.Element {
  return (
    <p class="hint" role="status">
      {`Reading ${props.what ?? ''}…`}
    </p>
  );
}

/** Something worked: told politely. */
export function Told(props: { text: string }): JSX.Element {
  return (
    <p class="told" role="status">
      {props.text}
    </p>
  );
}
