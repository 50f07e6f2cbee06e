import type { JSX } from 'preact';
import { short } from '../format.js';
import { href } from '../router.js';

export function RequestLink(props: { id: string; text?: string }): JSX.Element {
  return (
    <a class="mono" href={href(['requests', props.id])} title={props.id}>
      {props.text ?? tail(props.id)}
    </a>
  );
}

export function SessionLink(props: { id: string | null; name?: string | null }): JSX.Element {
  if (props.id === null) return <>–</>;
  return (
    <a href={href(['sessions', props.id])} title={props.id}>
      {short(props.name ?? props.id, 28)}
    </a>
  );
}

/** Ids begin with the time they were made at, so the end tells them apart. */
function tail(id: string): string {
  return id.length > 14 ? `…${id.slice(-8)}` : id;
}
