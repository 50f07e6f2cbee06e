import type { JSX } from 'preact';

/** No key yet: the next step, ready to copy. */
export function FirstRun(): JSX.Element {
  const base = `${location.origin}/v1`;
  const codex = [
    'codex',
    `-c 'model_providers.proxy.name="Responses Proxy"'`,
    `-c 'model_providers.proxy.base_url="${base}"'`,
    `-c 'model_providers.proxy.wire_api="responses"'`,
    `-c 'model_provider="proxy"'`,
  ].join(' \\\n  ');
  return (
    <section class="card" aria-labelledby="first-run-title">
      <h2 id="first-run-title">Two steps to the first answer</h2>
      <p>No OpenAI key is configured. Stop the proxy, then start it with one:</p>
      <pre>export OPENAI_API_KEY=sk-… && npm start</pre>
      <p>Several keys: OPENAI_API_KEYS=sk-1,sk-2. Then point Codex at the proxy:</p>
      <pre>{codex}</pre>
      <p>
        Any OpenAI SDK works too: set its base URL to <code>{base}</code>.
      </p>
    </section>
  );
}
