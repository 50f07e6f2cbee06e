import { ENV_SECTIONS } from '../config/env.js';
import { NUMBERED_KEY } from '../config/resource-env.js';

/** Codex runs what a model tells it to: none of the proxy's secrets belong into its environment. */
export function codexEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
  keyVariable: string | null,
): Record<string, string | undefined> {
  const secrets = new Set(
    ENV_SECTIONS.flatMap(({ variables }) => variables.filter(({ secret }) => secret).map(({ name }) => name)),
  );
  return Object.fromEntries(
    Object.entries(environment).filter(
      ([name]) => name === keyVariable || !(secrets.has(name) || NUMBERED_KEY.test(name)),
    ),
  );
}
