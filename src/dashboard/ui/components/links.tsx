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

/** People know client keys by their names, logs by their ids. */
export function Caller(props: { id: string | null; name?: string | null }): JSX.Element {
  if (props.id === null) return <>–</>;
  const name = props.name ?? null;
  const whole = name === null ? props.id : `${name} (${props.id})`;
  return <span title={whole}>{short(name ?? props.id, 20)}</span>;
}

/** The same where there is room for both, as the way to all of its requests. */
export function CallerLink(props: { id: string; name?: string | null }): JSX.Element {
  const name = props.name ?? null;
  return (
    <>
      <a href={href('/requests', { caller_id: props.id })}>{name ?? props.id}</a>
      {name !== null && <code>{` ${props.id}`}</code>}
    </>
  );
}

/** Ids begin with the time they were made at, so the end tells them apart. */
function tail(id: string): string {
  return id.length > 14 ? `…${id.slice(-8)}` : id;
}
