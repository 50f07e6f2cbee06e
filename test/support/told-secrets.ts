/** What was told in confidence by the requests and to the processes of this test file, for the search of what they leave behind. */
class ToldSecrets {
  readonly #secrets = new Set<string>();
  /** Variables that a `credential_ref` named. */
  readonly #variables = new Set<string>();
  readonly #environments: Readonly<Record<string, string | undefined>>[] = [];

  add(secrets: Iterable<string>): void {
    for (const secret of secrets) this.#secrets.add(secret);
  }

  environment(variables: Readonly<Record<string, string | undefined>>): void {
    this.#environments.push(variables);
  }

  /** Each key of a provider and each reference to one in a body that goes to the registry. */
  posted(body: string): void {
    for (const [, name = '', text = ''] of body.matchAll(
      /"(api_key|credential_ref)"\s*:\s*("(?:[^"\\]|\\.)*")/g,
    )) {
      const value = (JSON.parse(text) as string).trim();
      if (name === 'api_key') this.#secrets.add(value);
      else this.#variables.add(value.replace(/^env:/, ''));
    }
  }

  all(): string[] {
    const referred = this.#environments.flatMap((one) =>
      [...this.#variables].map((name) => one[name]?.trim() ?? ''),
    );
    return [...this.#secrets, ...referred];
  }
}

export const told = new ToldSecrets();

const REGISTRY = /\/admin\/(?:providers|models)\b/;
const KEYS = /\/admin\/keys$/;
const plainFetch = globalThis.fetch;

// Specs register providers and make client keys by `fetch`, each in its own words: this is where all of them come past.
globalThis.fetch = async (input, init) => {
  const url = typeof input === 'string' ? input : input instanceof URL ? input.href : input.url;
  if (typeof init?.body === 'string' && REGISTRY.test(url)) told.posted(init.body);
  const answer = await plainFetch(input, init);
  if (init?.method !== 'POST' || !KEYS.test(url) || !answer.ok) return answer;
  const text = await answer.text();
  const made = /"key":"(rpx_\w+)"/.exec(text)?.[1];
  if (made !== undefined) told.add([made]);
  return new Response(text, answer);
};
