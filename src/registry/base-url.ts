import { isIP } from 'node:net';
import type { AddressRules } from '../common/address-rules.js';

const MAX_LENGTH = 2_048;
/** Names that never leave the machine or the local network; where one is wanted its network is named by address. */
const LOCAL_NAME = /(?:^|\.)(?:localhost|localdomain|local|internal|intranet|lan|home|corp|arpa|onion)$/;

/** A base URL as it is stored: normal spelling, no trailing slash. */
export type BaseUrlCheck =
  { readonly ok: true; readonly url: string } | { readonly ok: false; readonly problem: string };

const refused = (problem: string): BaseUrlCheck => ({ ok: false, problem });

/**
 * Whether an operator's base URL may be stored. Where its name leads is looked at again with every connection: here
 * only what the text itself says can be judged.
 */
export function checkBaseUrl(text: string, rules: AddressRules): BaseUrlCheck {
  if (text.length > MAX_LENGTH) return refused(`base_url is longer than ${MAX_LENGTH} characters.`);
  if (!/^https?:\/\/[^/\\]/i.test(text) || /[\s\\]|[^\x21-\x7e]/.test(text) || !URL.canParse(text))
    return refused(
      'base_url must be an absolute http:// or https:// URL in plain characters, like https://api.example.com/v1.',
    );
  const url = new URL(text);
  const form = formProblem(text, url);
  if (form !== null) return refused(form);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const problem = isIP(host) === 0 ? nameProblem(url, host) : addressProblem(url, host, rules);
  return problem === null
    ? { ok: true, url: (url.origin + url.pathname).replace(/(?<!\/)\/+$/, '') }
    : refused(problem);
}

function formProblem(text: string, url: URL): string | null {
  if (url.username !== '' || url.password !== '' || /^[a-z]+:\/\/[^/?#]*@/i.test(text))
    return 'base_url must not hold a user name or password; the key belongs into api_key or credential_ref.';
  if (/[?#]/.test(text)) return 'base_url must not have a query or a fragment.';
  if (url.port === '0') return 'base_url must not use port 0.';
  if (/%2e|%2f|%5c|%00|\/\.\.?(?:\/|$)/i.test(text))
    return 'base_url must not have dot segments or encoded slashes in its path.';
  return null;
}

function nameProblem(url: URL, host: string): string | null {
  const name = host.replace(/\.$/, '');
  if (LOCAL_NAME.test(name) || !name.includes('.') || host.endsWith('.'))
    return (
      `base_url names ${JSON.stringify(host)}, which is not a public name. For a server on a private network use its ` +
      'address and name the network in PROXY_UPSTREAM_ALLOW_CIDRS.'
    );
  if (url.protocol !== 'https:')
    return 'base_url must use https: the key would travel in the clear. Plain http is for addresses in PROXY_UPSTREAM_ALLOW_CIDRS.';
  return null;
}

function addressProblem(url: URL, address: string, rules: AddressRules): string | null {
  if (!rules.allows(address))
    return (
      `base_url points to ${address}, which is not a public address. ` +
      'Name its network in PROXY_UPSTREAM_ALLOW_CIDRS if that is where the provider is.'
    );
  if (url.protocol !== 'https:' && !rules.isNamed(address))
    return 'base_url must use https: the key would travel in the clear. Plain http is for addresses in PROXY_UPSTREAM_ALLOW_CIDRS.';
  return null;
}
