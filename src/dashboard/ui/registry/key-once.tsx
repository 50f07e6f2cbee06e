import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Copy } from '../components/copy.js';
import { Page } from '../components/page.js';
import { href } from '../router.js';
import type { CreatedKey } from './registry-wire.js';

export function KeyOnce({ created }: { created: CreatedKey }): JSX.Element {
  const panel = useRef<HTMLElement>(null);
  useEffect(() => panel.current?.focus(), []);
  return (
    <Page title="The key is made">
      <section class="card once" aria-labelledby="once-title" tabIndex={-1} ref={panel}>
        <h2 id="once-title">{`The key of ${created.name}`}</h2>
        <p class="warn" role="status">
          Copy it now. It is shown this once, stored nowhere, and gone when you leave this page.
        </p>
        <code data-once="">{created.key}</code>
        <div class="form-end">
          <Copy text={created.key} label="Copy the key" />
        </div>
        <p>
          The client gives it as its OpenAI API key, with <strong>{`${location.origin}/v1`}</strong> as base
          URL.
        </p>
        <div class="form-end">
          <a class="button primary" href={href('/keys')}>
            I have it: to the list
          </a>
        </div>
      </section>
    </Page>
  );
}
