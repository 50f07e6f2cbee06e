const CREDENTIAL_REF = /^env:([A-Za-z_][A-Za-z0-9_]{0,127})$/;
/** What this program itself is configured by: a provider could have it sent to an address of its own. */
const OWN_VARIABLE = /^(?:PROXY_|OPENAI_|RPX_|OTEL_)|^(?:SERVICE_)?DATABASE_URL$|^(?:PORT|HOST)$/i;
/** What else runs beside a program in a container or a pipeline, and serves no models. */
const OF_OTHERS =
  /^(?:AWS|GITHUB|GH|GITLAB|CI|ACTIONS|RUNNER|NPM|NODE|DOCKER|KUBERNETES|VAULT|SSH|GPG|GOOGLE_APPLICATION|AZURE_(?:CLIENT|STORAGE|FEDERATED)|POSTGRES|POSTGRESQL|MYSQL|MARIADB|MONGO|REDIS|RABBITMQ|SMTP|SLACK|STRIPE|XDG|LC|LD)_|^PG[A-Z]+$/i;
/** Secrets of another kind than a provider's key, which is a `…_KEY` or a `…_TOKEN`, and what is no secret at all. */
const OF_ANOTHER_KIND =
  /(?:_|^)(?:URL|URI|DSN|PASS|PASSWORD|PASSWD|PASSPHRASE|PWD|SECRET|CREDENTIALS?|COOKIE|PROXY|PATH|HOME|DIR|FILE|(?:SECRET|PRIVATE|SIGNING|ENCRYPTION)_KEY|(?:BOT|RUNTIME)_TOKEN)$|(?:_|^)(?:JWT|SESSION|COOKIE|CSRF|WEBHOOK)_/i;

/** The variable that a `credential_ref` names; null = it names none. */
export function variableOf(credentialRef: string): string | null {
  return CREDENTIAL_REF.exec(credentialRef)?.[1] ?? null;
}

/**
 * Why a registered provider may not be given a variable; null = it may. Whoever has the admin token chooses where it is
 * sent, so it must be one that was put there for that. `prefixes` are the operator's word, and then the only ones.
 */
export function variableProblem(name: string, prefixes: readonly string[]): string | null {
  if (OWN_VARIABLE.test(name))
    return `${name} configures this proxy and is not given to registered providers; put the key into a variable of its own.`;
  if (prefixes.length > 0)
    return prefixes.some((prefix) => name.startsWith(prefix))
      ? null
      : `Only variables that begin with ${prefixes.join(' or ')} are given to registered providers (PROXY_CREDENTIAL_ENV_PREFIXES).`;
  return OF_OTHERS.test(name) || OF_ANOTHER_KIND.test(name)
    ? `${name} sounds like something else's than a provider's key and is not given to one; put the key into a variable of its own, or name it in PROXY_CREDENTIAL_ENV_PREFIXES.`
    : null;
}
