import type { ErrorCode } from './errors.js';

export interface ErrorHelp {
  /** What happened, in one sentence. */
  readonly means: string;
  /** What to do about it: the caller's part, then the operator's. */
  readonly fix: string;
}

/** What docs/errors.md says of each code; a code without an entry does not compile. */
export const ERROR_HELP: Readonly<Record<ErrorCode, ErrorHelp>> = {
  unknown_route: {
    means: 'The path below `/v1` is not one this proxy forwards. Nothing was sent upstream.',
    fix: 'Check the base URL of the client: it ends in `/v1`, once. Routes that are forwarded are listed at `/docs`.',
  },
  invalid_path: {
    means:
      'A part of the path is empty, too long, or holds a character that no id of the upstream has (percent-encoding ' +
      'included); or the query is too long, holds bytes other than visible ASCII, or a credential. Nothing was sent upstream.',
    fix: 'Send ids as the upstream gave them, without a slash at the end; percent-encode in the query only. A key belongs into the `Authorization` header.',
  },
  method_not_allowed: {
    means: 'The route is known, but not with this method.',
    fix: 'The message names the methods that are.',
  },
  invalid_json: {
    means: 'The body is not one JSON object.',
    fix: 'The message names the place. Programs that build JSON by hand should leave that to a library.',
  },
  duplicate_key: {
    means: 'A field that decides the route appears twice in one object; two readers could disagree about it.',
    fix: 'Send it once.',
  },
  invalid_field: {
    means: 'A field or header that decides the route has the wrong type, length or characters.',
    fix: 'The message names the field and what it may hold.',
  },
  unsupported_media_type: {
    means: 'The request does not say that its body is JSON.',
    fix: 'Send `content-type: application/json`.',
  },
  unsupported_content_encoding: {
    means: 'The body is compressed in a way this proxy cannot read.',
    fix: 'Use gzip, deflate, br, or zstd (Node 22.15 and later), or send it uncompressed.',
  },
  body_too_large: {
    means: 'The body, or what it decompresses to, is over `PROXY_MAX_BODY_BYTES`.',
    fix: 'Compact the conversation, or raise the limit where the memory allows it.',
  },
  body_timeout: {
    means: 'The client stopped sending its body, or took too long over it.',
    fix: 'Look at the network between client and proxy; the message names the limit that was met.',
  },
  too_many_headers: {
    means: 'The request has more header fields than `PROXY_MAX_HEADERS`.',
    fix: 'Something in front of the proxy adds them; remove them there, or raise the limit.',
  },
  duplicate_header: {
    means: 'A header that must be single came twice.',
    fix: 'The message names it. A reverse proxy that adds a header the client has already sent is the usual cause.',
  },
  invalid_parameter: {
    means: 'A query parameter or field of an admin route is wrong.',
    fix: '`param` names it, the message says what it may be.',
  },
  not_found: {
    means: 'There is no such admin route or record.',
    fix: 'Records go after `PROXY_RETENTION_DAYS`; ids are those of the lists.',
  },
  already_exists: {
    means: 'A record of that name is there already.',
    fix: 'Change that one, or choose another name.',
  },
  response_not_found: {
    means: 'The stored response, conversation or item is not known here, or belongs to another caller.',
    fix: 'Use the client key that made it. Ids from before this proxy, or from another one, are not known here.',
  },
  unauthorized: {
    means: 'The caller has no credential, or a wrong one, for a route that wants one.',
    fix: 'The message says which one and where it goes. A client key that was revoked or has expired ends here, too.',
  },
  forbidden: {
    means: 'The caller is known but may not do this.',
    fix: 'The message says what its key lacks: a pool, a model, or the admin token.',
  },
  too_many_attempts: {
    means: 'Too many wrong tokens from one address within a minute.',
    fix: 'Wait a minute, then use the right one; the right one is let in at once.',
  },
  misdirected_host: {
    means:
      'The `Host` header names another server: a web page after DNS rebinding, or a proxy in front that rewrites it.',
    fix: 'List the name in `PROXY_ALLOWED_HOSTS` where that is set, or where `PROXY_ANONYMOUS_ACCESS` lets others in. Without both only `127.0.0.1` and `localhost` are this server: register a client key, or set `PROXY_ADMIN_TOKEN`, for callers by other names.',
  },
  upgrade_required: {
    means: 'WebSocket mode is not available here.',
    fix: 'Nothing: Codex and the SDKs fall back to HTTP. `PROXY_WEBSOCKET=on` and an upstream that offers it bring it back.',
  },
  invalid_upgrade: {
    means: 'The upgrade request is no WebSocket handshake that a server may accept.',
    fix: 'A proxy in front that drops or rewrites `Upgrade`, `Connection` or `Sec-WebSocket-*` is the usual cause.',
  },
  no_available_resources: {
    means:
      'Nothing to route to. The message says which it is: no key, no such pool, or every resource of it out, with reasons.',
    fix: 'Set a key, ask for a pool that exists, or look at `/admin/state`: each resource says why it is out and until when.',
  },
  affinity_unavailable: {
    means: 'The key that owns the conversation cannot serve now, and no other can continue it.',
    fix: 'Send it again after `retry-after`; the message names the key and what it waits for.',
  },
  previous_response_not_found: {
    means:
      'What the request builds on is not known where its input can be read. The code is the upstream’s own.',
    fix: 'Nothing: clients send the whole conversation again by themselves.',
  },
  affinity_lost: {
    means: 'The key that owned the conversation is gone for good.',
    fix: 'Begin a new conversation, or bring the key back: it is known by its value, not by its place.',
  },
  upstream_auth_failed: {
    means: 'Every key that could serve the request refused it. The caller’s own key is fine.',
    fix: 'The operator renews keys or pays bills: `/admin/state` says of each key what the upstream said.',
  },
  upstream_rate_limited: {
    means: 'Every usable key is at its limit, and none gets free within `PROXY_WAIT_BUDGET_SECONDS`.',
    fix: 'Send it again after `retry-after`. If it happens often, add keys or raise their limits.',
  },
  key_rate_limited: {
    means:
      'The client key has used its requests or tokens a minute, or what is left of a budget may be needed by what runs.',
    fix: 'Send it again after `retry-after`, or have the limits of the key changed.',
  },
  budget_exceeded: {
    means: 'A budget of the client key is used up, for the day or the month.',
    fix: 'The message says which and when it begins anew; the operator can raise it at once.',
  },
  price_unknown: {
    means:
      'The client key has a budget of money, and nobody knows what the model it asks for costs: neither the alias nor the ' +
      'price catalogue of this version says so. Nothing was sent upstream.',
    fix: 'The operator gives an alias of that name `prices`, or the key a budget of tokens in place of money. The message names the model.',
  },
  upstream_unreachable: {
    means: 'No connection to the upstream could be made, with any key.',
    fix: 'DNS, firewall, proxy or TLS between this machine and the upstream: the message has the reason.',
  },
  upstream_connection_lost: {
    means:
      'The connection broke after the whole request was sent. It may have been processed, so it was not sent again.',
    fix: 'The client decides whether to send it again; SDKs do.',
  },
  bad_upstream_response: {
    means: 'The upstream’s answer is not usable HTTP.',
    fix: 'Something between here and the upstream garbles it, or the base URL names no OpenAI-compatible server.',
  },
  unexpected_redirect: {
    means: 'The upstream answered with a redirect. None is followed, since the key would go along.',
    fix: 'Set the base URL to where the redirect points.',
  },
  upstream_connect_timeout: {
    means: 'No TCP or TLS connection within `PROXY_CONNECT_TIMEOUT_SECONDS`.',
    fix: 'As for `upstream_unreachable`; a firewall that drops packets looks like this.',
  },
  upstream_first_byte_timeout: {
    means: 'No head of an answer within `PROXY_FIRST_BYTE_TIMEOUT_SECONDS`.',
    fix: 'The upstream is slow, or the limit too short for requests that think long without streaming.',
  },
  upstream_idle_timeout: {
    means: 'No byte from the upstream within `PROXY_IDLE_TIMEOUT_SECONDS`.',
    fix: 'As above: a stream that sends nothing for that long is taken for dead.',
  },
  upstream_total_timeout: {
    means: 'The attempt lasted longer than `PROXY_REQUEST_TIMEOUT_SECONDS`.',
    fix: 'Raise the limit where turns are that long.',
  },
  server_shutdown: {
    means: 'The process is draining before it stops; what runs goes on, what is new is refused.',
    fix: 'Send it again: another replica, or the new process, takes it.',
  },
  overloaded: {
    means: 'The process is short of memory or connections. The message names the limit.',
    fix: 'Send it again after `retry-after`; the operator adds replicas or raises the limit named.',
  },
  capture_unavailable: {
    means:
      'The proxy cannot record requests now (its disk is full or refuses writes) and `PROXY_CAPTURE_MODE=strict`.',
    fix: 'Send it again later; the operator makes room: `spool` of `/admin/state` and the log say what is wrong.',
  },
  database_unavailable: {
    means:
      'History cannot be read right now; traffic goes on, and is written down later. Of `/v1`: the client key is not known here, or ' +
      'nobody could ask for ten minutes whether it was revoked (`PROXY_CLIENT_KEY_STALE_SECONDS`). Of `/admin`, also: one question ' +
      'took longer than 1.5 s, as filters that hardly any of very many rows meet.',
    fix: '`/readyz` and the log say what the database says. Where an answer took too long: a shorter time (`since=1h`), one id or session, or the export, which has the time.',
  },
  internal_error: {
    means: 'A bug here.',
    fix: 'The log has the stack under the request id of the answer. Please report it.',
  },
};
