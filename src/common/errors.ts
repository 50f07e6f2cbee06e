/**
 * The list of errors the proxy itself answers with: stable snake_case code → HTTP status, OpenAI error type and
 * whether an SDK should send the same request again (`x-should-retry`). Upstream errors are never in here: they
 * pass through unchanged. A code is never renamed; clients match on it.
 */
export interface ErrorSpec {
  readonly status: number;
  readonly type:
    | 'invalid_request_error'
    | 'authentication_error'
    | 'permission_error'
    | 'server_error'
    | 'rate_limit_error'
    /** What Codex shows as a limit of use with its end, and never sends again. */
    | 'usage_limit_reached';
  readonly shouldRetry: boolean;
}

const invalid = (status: number): ErrorSpec => ({
  status,
  type: 'invalid_request_error',
  shouldRetry: false,
});
const server = (status: number, shouldRetry: boolean): ErrorSpec => ({
  status,
  type: 'server_error',
  shouldRetry,
});

export const ERRORS = {
  /** The path below /v1 is not one this proxy forwards. */
  unknown_route: invalid(404),
  /** The path or query holds bytes outside the grammar of upstream paths. */
  invalid_path: invalid(400),
  /** The method makes no sense for this route. */
  method_not_allowed: invalid(405),
  /** The body is not one JSON object. */
  invalid_json: invalid(400),
  /** A routing field appears twice: two readers could disagree about it. */
  duplicate_key: invalid(400),
  /** A routing field has the wrong type or is not valid UTF-8. */
  invalid_field: invalid(400),
  /** The request has no JSON content type. */
  unsupported_media_type: invalid(415),
  /** The request body has a content coding the proxy cannot read. */
  unsupported_content_encoding: invalid(415),
  /** The body is over PROXY_MAX_BODY_BYTES. */
  body_too_large: invalid(413),
  /** The client stopped sending its body, or took too long over it. */
  body_timeout: invalid(408),
  /** More header fields than PROXY_MAX_HEADERS. */
  too_many_headers: invalid(431),
  /** A header that must be single came twice. */
  duplicate_header: invalid(400),
  /** A query parameter or body field of an admin route is wrong. */
  invalid_parameter: invalid(400),
  /** No such admin route or record. */
  not_found: invalid(404),
  /** A record of that name is there already. */
  already_exists: invalid(409),
  /** The stored response, conversation or item is not known here or belongs to another caller. */
  response_not_found: invalid(404),
  /** The caller has no credential, or a wrong one, for a route that wants one. */
  unauthorized: { status: 401, type: 'authentication_error', shouldRetry: false },
  /** The caller is known but may not do this. */
  forbidden: { status: 403, type: 'permission_error', shouldRetry: false },
  /** Too many wrong tokens from one address within a minute. */
  too_many_attempts: { status: 429, type: 'rate_limit_error', shouldRetry: false },
  /** The Host header names another server: a web page after DNS rebinding, or a wrong proxy in front. */
  misdirected_host: invalid(421),
  /** WebSocket mode is not available here; clients fall back to HTTP. */
  upgrade_required: invalid(426),
  /** The upgrade request is not a WebSocket handshake a server may accept. */
  invalid_upgrade: invalid(400),
  /** Nothing to route to: no key, no such pool, or every resource of it unhealthy. */
  no_available_resources: server(503, true),
  /** The owner of the conversation is cooling down and nobody else can continue it. */
  affinity_unavailable: server(503, true),
  /** What it builds on is not known where its input can be read; clients send everything again. The upstream's own code. */
  previous_response_not_found: invalid(400),
  /** The owner of the conversation is gone for good. */
  affinity_lost: { status: 409, type: 'invalid_request_error', shouldRetry: false },
  /** Every key refused the request with 401, 403 or a quota verdict. The caller's own key is fine. */
  upstream_auth_failed: server(502, false),
  /** Every usable key is rate limited. */
  upstream_rate_limited: { status: 429, type: 'rate_limit_error', shouldRetry: true },
  /** The client key has used its requests or tokens a minute, or what is left of a budget may be needed by what runs. */
  key_rate_limited: { status: 429, type: 'rate_limit_error', shouldRetry: true },
  /** A budget of the client key is used up, for a day or a month: not to be waited out. */
  budget_exceeded: { status: 429, type: 'usage_limit_reached', shouldRetry: false },
  /** The client key has a budget of money, and nobody knows what the model costs. */
  price_unknown: { status: 403, type: 'permission_error', shouldRetry: false },
  /** No connection to the upstream could be made. */
  upstream_unreachable: server(502, true),
  /** The connection broke after the whole request was sent: it may have been processed. */
  upstream_connection_lost: server(502, true),
  /** The upstream's answer is not usable HTTP. */
  bad_upstream_response: server(502, true),
  /** The upstream answered with a redirect, which is never followed. */
  unexpected_redirect: server(502, false),
  /** No TCP or TLS connection within PROXY_CONNECT_TIMEOUT_SECONDS. */
  upstream_connect_timeout: server(504, true),
  /** No response head within PROXY_FIRST_BYTE_TIMEOUT_SECONDS. */
  upstream_first_byte_timeout: server(504, true),
  /** No byte from the upstream within PROXY_IDLE_TIMEOUT_SECONDS. */
  upstream_idle_timeout: server(504, true),
  /** The attempt lasted longer than PROXY_REQUEST_TIMEOUT_SECONDS. */
  upstream_total_timeout: server(504, true),
  /** The process is draining before it stops. */
  server_shutdown: server(503, true),
  /** The process is short of memory or connections. */
  overloaded: server(503, true),
  /** The request cannot be recorded, and PROXY_CAPTURE_MODE=strict wants every one recorded. */
  capture_unavailable: server(503, true),
  /** History cannot be read right now; traffic is not affected. */
  database_unavailable: server(503, true),
  /** A bug here. */
  internal_error: server(500, true),
} as const satisfies Record<string, ErrorSpec>;

export type ErrorCode = keyof typeof ERRORS;

export interface ErrorBody {
  readonly error: {
    readonly message: string;
    readonly type: string;
    readonly param: string | null;
    readonly code: string;
    /** Epoch seconds; only of a budget. */
    readonly resets_at?: number;
  };
}

/** An answer of the proxy's own. `message` names the cause and the fix, for the person who reads it at night. */
export class ProxyError extends Error {
  override readonly name = 'ProxyError';
  readonly spec: ErrorSpec;

  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly options: {
      readonly param?: string;
      /** Whole seconds for `retry-after`; 1 to 60. */
      readonly retryAfterSeconds?: number;
      readonly shouldRetry?: boolean;
      /** Epoch seconds, when a budget begins anew. */
      readonly resetsAt?: number;
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, { cause: options.cause });
    this.spec = ERRORS[code];
  }

  get status(): number {
    return this.spec.status;
  }

  toBody(): ErrorBody {
    return {
      error: {
        message: this.message,
        type: this.spec.type,
        param: this.options.param ?? null,
        code: this.code,
        ...(this.options.resetsAt === undefined ? {} : { resets_at: this.options.resetsAt }),
      },
    };
  }

  /** Headers that go with the body, beside `content-type`. */
  toHeaders(): Record<string, string> {
    const retry = this.options.shouldRetry ?? this.spec.shouldRetry;
    const headers: Record<string, string> = { 'x-should-retry': String(retry) };
    if (this.options.retryAfterSeconds !== undefined)
      headers['retry-after'] = String(this.options.retryAfterSeconds);
    return headers;
  }
}
