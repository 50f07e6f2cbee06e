import type { ComponentChildren, JSX } from 'preact';
import { ErrorNotice, Loading } from './notice.js';
import type { Read } from './read.js';

/** What was read, once it is there; what went wrong stands above what is still known. */
export function Loaded<T>(props: {
  readonly read: Read<T>;
  /** “Reading the keys…” */
  readonly what: string;
  readonly children: (data: T) => ComponentChildren;
}): JSX.Element {
  const { data, error, reload } = props.read;
  return (
    <>
      {error !== null && <ErrorNotice error={error} retry={reload} />}
      {data === null && error === null && <Loading what={props.what} />}
      {data !== null && props.children(data)}
    </>
  );
}
