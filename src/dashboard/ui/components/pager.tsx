import type { JSX } from 'preact';
import { getQuery, href, route } from '../router.js';

/** Older and newest, as links that keep the filters: each page has an address. */
export function Pager(props: { next: string | null; shown: number; what: string }): JSX.Element {
  const query = Object.fromEntries(route.value.query);
  const older = getQuery('cursor') !== '';
  return (
    <nav class="pager" aria-label={`Pages of ${props.what}`}>
      <span class="hint">{`${props.shown} ${props.what}${older ? ', older ones' : ', newest first'}`}</span>
      {older && <a href={href(route.value.path, { ...query, cursor: null })}>Newest</a>}
      {props.next !== null && (
        <a href={href(route.value.path, { ...query, cursor: props.next })} rel="next">
          Older
        </a>
      )}
    </nav>
  );
}
