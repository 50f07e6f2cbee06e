import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { navigations } from '../router.js';

/** The frame of every page: its h1 takes the focus when somebody came from another page, and names the tab. */
export function Page(props: {
  title: string;
  /** One sentence below the title. */
  lead?: ComponentChildren;
  /** Buttons beside the title. */
  actions?: ComponentChildren;
  children: ComponentChildren;
}): JSX.Element {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${props.title} · Responses Proxy`;
  }, [props.title]);
  useEffect(() => {
    if (navigations.peek() > 0) heading.current?.focus();
  }, []);
  return (
    <>
      <div class="page-head">
        <h1 tabIndex={-1} ref={heading}>
          {props.title}
        </h1>
        {props.actions !== undefined && <div class="actions">{props.actions}</div>}
        {props.lead !== undefined && <p class="lead">{props.lead}</p>}
      </div>
      {props.children}
    </>
  );
}
