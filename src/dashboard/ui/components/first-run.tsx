import type { ComponentChildren, JSX } from 'preact';
import { href } from '../router.js';
import type { ResourceState } from '../wire.js';
import { Copy } from './copy.js';

/** The next step, ready to copy, until the first request has gone through. */
export function FirstRun({ resources }: { resources: readonly ResourceState[] }): JSX.Element {
  const base = `${location.origin}/v1`;
  const keyed = resources.length > 0;
  return (
    <section class="card first-run" aria-labelledby="first-run-title">
      <h2 id="first-run-title">{keyed ? 'One step to the first answer' : 'Two steps to the first answer'}</h2>
      <ol>
        <Step done={keyed} title="Give it an OpenAI key">
          {keyed ? (
            <p class="hint">{`There ${resources.length === 1 ? 'is one' : `are ${resources.length}`}.`}</p>
          ) : (
            <>
              <p>No OpenAI key is configured. Stop the proxy, then start it with one:</p>
              <Command text="export OPENAI_API_KEY=sk-… && npm start" what="command" />
              <p>
                Several keys: <code>OPENAI_API_KEYS=sk-1,sk-2</code>. Or without a restart:{' '}
                <a href={href('/providers')}>add a provider</a>.
              </p>
            </>
          )}
        </Step>
        <Step done={false} title="Point a client at it">
          <p>Codex, with nothing to edit:</p>
          <Command text={codexCommand(base)} what="Codex command" />
          <p>Or see one answer first:</p>
          <Command text={curlCommand(base)} what="curl command" />
          <p>
            Any OpenAI SDK works too: set its base URL to <code>{base}</code>.
          </p>
        </Step>
      </ol>
      <p class="hint">
        If it does not work, <a href={href('/diagnostics')}>the diagnostics</a> say why.
      </p>
    </section>
  );
}

function Step(props: { done: boolean; title: string; children: ComponentChildren }): JSX.Element {
  return (
    <li class={props.done ? 'done' : ''}>
      <h3>
        {props.title} {props.done && <span class="tag good">done</span>}
      </h3>
      {props.children}
    </li>
  );
}

function Command(props: { text: string; what: string }): JSX.Element {
  return (
    <div class="command">
      <pre tabIndex={0} role="group" aria-label={props.what}>
        {props.text}
      </pre>
      <Copy text={props.text} what={props.what} />
    </div>
  );
}

function codexCommand(base: string): string {
  return [
    'codex',
    `-c 'model_providers.proxy.name="Responses Proxy"'`,
    `-c 'model_providers.proxy.base_url="${base}"'`,
    `-c 'model_providers.proxy.wire_api="responses"'`,
    `-c 'model_provider="proxy"'`,
  ].join(' \\\n  ');
}

function curlCommand(base: string): string {
  return [
    `curl ${base}/responses`,
    `-H 'content-type: application/json'`,
    `-d '{"model":"gpt-5-mini","input":"Say hello"}'`,
  ].join(' \\\n  ');
}
