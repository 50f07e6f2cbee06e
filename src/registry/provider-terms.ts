import type { AddressRules } from '../common/address-rules.js';
import { ProxyError } from '../common/errors.js';
import { checkBaseUrl } from './base-url.js';
import { variableOf, variableProblem } from './credential-variable.js';
import type { Provider } from './provider.entity.js';

/** What somebody says of a provider; `apiKey` in the clear, on its way into the cipher. */
export interface ProviderTerms extends Omit<Provider, 'id' | 'secret' | 'createdAt' | 'updatedAt'> {
  /** Undefined = as it is; null = take it away. */
  readonly apiKey: string | null | undefined;
}

/** A resource id from the environment looks like this; nobody else may have one. */
const RESERVED_ID = /^openai-\d+$/;
const HEADER_NAME = /^[a-z0-9!#$%&'*+.^_`|~-]{1,64}$/;
/** They mean something to HTTP itself, or to this proxy. */
const TAKEN_HEADERS =
  /^(?:host|connection|content-.*|transfer-encoding|te|trailer|upgrade|expect|keep-alive|proxy-.*|accept-encoding|cookie|set-cookie|sec-.*|x-proxy-.*)$/;

export function checkProviderId(id: string): void {
  if (RESERVED_ID.test(id))
    throw invalid('id', `${id} is how keys from the environment are called; choose another id.`);
}

/**
 * A provider's terms as they are stored: normal base URL, lower-case header. `before` is the row they change, if any.
 * Throws `invalid_parameter` that names the field.
 */
export function settleTerms(
  terms: ProviderTerms,
  before: Provider | null,
  rules: AddressRules,
  variablePrefixes: readonly string[],
): ProviderTerms {
  const checked = checkBaseUrl(terms.baseUrl, rules);
  if (!checked.ok) throw invalid('base_url', checked.problem);
  const settled = { ...terms, baseUrl: checked.url, authHeader: headerOf(terms) };
  checkCredential(settled, variablePrefixes);
  checkMove(settled, before);
  return settled;
}

function headerOf({ authType, authHeader }: ProviderTerms): string | null {
  if (authType !== 'header') {
    if (authHeader !== null) throw invalid('auth_header', 'auth_header goes with auth_type "header" only.');
    return null;
  }
  const name = authHeader?.toLowerCase() ?? '';
  if (!HEADER_NAME.test(name) || TAKEN_HEADERS.test(name))
    throw invalid('auth_header', 'auth_header must name the header that carries the key, such as api-key.');
  return name;
}

function checkCredential(
  { authType, apiKey, credentialRef }: ProviderTerms,
  prefixes: readonly string[],
): void {
  const inline = typeof apiKey === 'string';
  if (authType === 'none' && (inline || credentialRef !== null))
    throw invalid('auth_type', 'auth_type "none" goes without api_key and credential_ref.');
  if (inline && credentialRef !== null)
    throw invalid('credential_ref', 'Give either api_key or credential_ref, not both.');
  if (credentialRef === null) return;
  const name = variableOf(credentialRef);
  if (name === null)
    throw invalid(
      'credential_ref',
      'credential_ref must be env: and the name of a variable, such as env:TEAM_KEY.',
    );
  const problem = variableProblem(name, prefixes);
  if (problem !== null) throw invalid('credential_ref', problem);
}

/** Whoever may change an address must not thereby learn the key: it is entered again for every new one. */
function checkMove(terms: ProviderTerms, before: Provider | null): void {
  if (before === null || before.authType === 'none' || before.baseUrl === terms.baseUrl) return;
  const stored = before.secret !== null && terms.apiKey === undefined && terms.credentialRef === null;
  const referred = before.credentialRef !== null && terms.credentialRef === before.credentialRef;
  if (!stored && !referred) return;
  throw invalid(
    'base_url',
    'Changing base_url demands the key again: send api_key (or another credential_ref) in the same request.',
  );
}

function invalid(param: string, message: string): ProxyError {
  return new ProxyError('invalid_parameter', message, { param });
}
