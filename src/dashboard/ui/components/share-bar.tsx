import type { JSX } from 'preact';

/** A figure with a thin bar below it, for the eye; the figure says it all. */
export function ShareBar(props: { share: number; text: string }): JSX.Element {
  const width = `${Math.min(100, Math.max(0, props.share * 100))}%`;
  return (
    <span class="share">
      {props.text}
      <span class="share-bar" aria-hidden="true">
        <span style={{ width }} />
      </span>
    </span>
  );
}
