import { words } from './format.js';

const REASONS: ReadonlyMap<string, string> = new Map([
  ['not_of_alias', 'The alias is served by somebody else alone.'],
  ['other_pool', 'It is not in the pool that was asked for.'],
  ['other_connection', 'The WebSocket is connected to somebody else.'],
  ['not_owner', 'The request goes on from something that belongs to another key.'],
  ['other_organization', 'The request goes on from something that belongs to another organisation.'],
  ['already_tried', 'It has been tried for this request.'],
  ['unhealthy', 'It is unhealthy.'],
  ['cooling', 'It is pausing, as its upstream asked for.'],
  ['model_denied', 'It has refused this model.'],
  ['at_capacity', 'It has as many requests at once as it may have.'],
  ['rate_limit_exhausted', 'Nothing is left of its rate limit for this model.'],
  ['rate_limit_short', 'Its rate limit for this model has fewer tokens left than the request may take.'],
  ['just_lost', 'It lost a request a moment ago, and others are well.'],
  ['lost_to_affinity', 'The conversation belongs elsewhere.'],
  ['higher_load', 'It has more load.'],
  ['tie_lost', 'It has the same load; the lot fell on the other.'],
]);

/** Why a candidate was not chosen, in a sentence. A newer server's reason is told as it is. */
export function lostBecause(code: string): string {
  return REASONS.get(code) ?? words(code);
}
