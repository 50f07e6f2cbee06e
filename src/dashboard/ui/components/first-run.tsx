import type { ComponentChildren, JSX } from 'preact';
import {
  codexCommandLine,
  codexToml,
  KEY_VARIABLE,
  type CodexTarget,
} from '../../../common/codex-settings.js';
import { href, NEW } from '../router.js';
import type { AdminState } from '../wire.js';
import { Copy } from './copy.js';

/** Where a program beside this browser needs no client key: it reaches the proxy from the proxy's own machine. */
const THIS_MACHINE = /^(?:localhost|127\.0\.0\.1|\[::1\])$/;
const COUNTS = ['', 'One step', 'Two steps', 'Three steps'];

/** The next step, ready to copy, until the first request has gone through. */
export function FirstRun({ state }: { state: AdminState }): JSX.Element {
  const { resources, client_access } = state;
  const keyed = resources.length > 0;
  const wantsKey =
    client_access === 'key' || (client_access === 'loopback' && !THIS_MACHINE.test(location.hostname));
  const steps = COUNTS[(keyed ? 0 : 1) + (wantsKey ? 1 : 0) + 1] ?? '';
  const target: CodexTarget = {
    baseUrl: `${location.origin}/v1`,
    keyVariable: wantsKey ? KEY_VARIABLE : null,
    websockets: false,
  };
  return (
    <section class="card first-run" aria-labelledby="first-run-title">
      <h2 id="first-run-title">{`${steps} to the first answer`}</h2>
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
        {wantsKey && <ClientKeyStep made={client_access === 'key'} />}
        <Step done={false} title="Point a client at it">
          <p>Codex, with nothing to edit:</p>
          <Command text={codexCommandLine(target)} what="Codex command" />
          <details>
            <summary>For good, in ~/.codex/config.toml</summary>
            <Command text={codexToml(target)} what="Codex configuration" />
          </details>
          <p>Or see one answer first:</p>
          <Command text={curlCommand(target)} what="curl command" />
          <p>
            Any OpenAI SDK works too: set its base URL to <code>{target.baseUrl}</code>
            {wantsKey ? ', its API key to the client key' : ''}.
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

/** A newcomer elsewhere would be answered 401 by commands that work on the proxy's own machine. */
function ClientKeyStep({ made }: { made: boolean }): JSX.Element {
  return (
    <Step done={false} title="Give the client a key of its own">
      <p>
        {made
          ? 'Client keys have been given out, so everybody needs one. '
          : 'You opened this page from another machine, and from there /v1 wants a client key. '}
        <a href={href(`/keys/${NEW}`)}>Make one</a>; it is shown once. Put it here in place of rpx_…, where
        the client runs:
      </p>
      <Command text={`export ${KEY_VARIABLE}=rpx_…`} what="command with the client key" />
    </Step>
  );
}

function curlCommand({ baseUrl, keyVariable }: CodexTarget): string {
  return [
    `curl ${baseUrl}/responses`,
    ...(keyVariable === null ? [] : [`-H "authorization: Bearer $${keyVariable}"`]),
    `-H 'content-type: application/json'`,
    `-d '{"model":"gpt-5-mini","input":"Say hello"}'`,
  ].join(' \\\n  ');
}
