import { ProxyError } from '../common/errors.js';

const REQUEST_ID = /^req_[0-9a-f]{32}$/;
const MAX_SESSION_ID = 512;

/** What cannot be the id of a record is not looked for: Postgres answers some of it with an error of its own. */
export function requestIdParameter(text: string): string {
  if (REQUEST_ID.test(text)) return text;
  throw new ProxyError('not_found', 'There is no such request, or it has been pruned.');
}

/** Session ids are the clients' own, so nearly anything may be one. */
export function sessionIdParameter(text: string): string {
  if (text.length <= MAX_SESSION_ID && !text.includes('\0')) return text;
  throw new ProxyError('not_found', 'There is no such session.');
}
