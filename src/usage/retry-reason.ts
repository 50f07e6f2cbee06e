/** Why another attempt followed one, or why none did: what is stored, and what it says to a person. */
const TEXTS = {
  served: 'Served.',

  not_processed: 'Nothing of the request was processed, so it went to another key.',
  refused_by_upstream: 'The upstream refused this key, so the request went to another.',
  server_error_retry: 'The upstream failed with a complete answer, so the request went to another key, once.',
  idempotent: 'It failed, and asking again changes nothing, so it went to another key.',
  owner_unknown: 'Nobody knows which key made what it asks for, so it was looked for with the next.',

  attempts_exhausted: 'No further try: three is the most for one request.',
  no_candidate_left:
    'No further try: no other key may serve it now. The last decision says why for each of them.',
  retry_budget_spent:
    'Not tried elsewhere: too many requests fail, and the budget for tries after a failure is used up.',
  server_error_retried_once: 'No further try: a failure of the upstream is tried elsewhere once only.',
  retry_5xx_off: 'Not tried elsewhere: PROXY_RETRY_5XX is off.',
  may_have_been_processed:
    'Not tried elsewhere: the whole request had been sent and may have been processed, so a second try could run it twice.',
  acts_on_stored_object: 'Not tried elsewhere: it acts on something stored, which may have happened already.',
  background: 'Not tried elsewhere: it starts a background response, which may be running already.',
  conversation: 'Not tried elsewhere: it adds to a conversation, which may have happened already.',
  side_effects: 'Not tried elsewhere: its tools run upstream and may have had their effect already.',
  request_at_fault: 'Not tried elsewhere: the request itself was refused, and any key would refuse it.',
  committed: 'Not tried elsewhere: the client had the beginning of the answer already.',
  on_connection:
    'Not tried elsewhere: it was sent over a WebSocket connection, which stays with its key; the client sends it again over a new one.',
  no_websocket:
    'The upstream offers no WebSocket, whichever of its keys asks; another provider was asked where there was one.',

  client_aborted: 'Not tried elsewhere: the client had gone.',
  shutdown: 'Not tried elsewhere: the process was stopping.',
  unauthorized: 'Not tried elsewhere: the client key was revoked, or expired, meanwhile.',
  internal: 'Not tried elsewhere: the try ended inside the proxy; the log says why.',
} as const;

export type RetryReason = keyof typeof TEXTS;

/** Null for attempts recorded before reasons were, and for words that are not known here. */
export function retryText(reason: string | null): string | null {
  return reason !== null && Object.hasOwn(TEXTS, reason) ? TEXTS[reason as RetryReason] : null;
}
