import { applyDecorators } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';
import { ERRORS, ProxyError, type ErrorCode } from '../common/errors.js';

export const ERROR_SCHEMA_REF = '#/components/schemas/Error';

/** One real message for each code that a route may answer with. */
const MESSAGES: Partial<Record<ErrorCode, string>> = {
  unauthorized: 'PROXY_ADMIN_TOKEN is configured and the request did not include the bearer token.',
  invalid_parameter: 'limit must be a whole number from 1 to 500.',
  not_found: 'There is no such request, or it has been pruned.',
  database_unavailable:
    'History cannot be read: connect ECONNREFUSED 10.0.0.5:5432. Traffic is not affected; records wait on disk.',
  no_available_resources:
    'All resources are unavailable: openai-1 unhealthy (invalid_key), openai-2 cooling (rate_limited, 12 s).',
  too_many_attempts: 'Too many wrong tokens from this address; wait a minute.',
  unknown_route: 'There is no such route here. These exist: POST /v1/responses, …',
  invalid_path:
    'A part of the path is no id: parts are 1 to 256 of A-Z a-z 0-9 _ . : -, and never percent-encoded. Send ids as they were given.',
  method_not_allowed: 'PUT is not possible on /v1/responses. Use POST.',
  duplicate_header: 'The header authorization was sent twice; send it once.',
  too_many_headers: 'The request has 240 header fields; at most 200 are accepted (PROXY_MAX_HEADERS).',
  already_exists: 'One of that name or id exists already; change it, or choose another.',
  forbidden: 'The request comes from a web page of another site.',
  misdirected_host: 'The Host header does not name this server; use http://127.0.0.1 or http://localhost.',
  upgrade_required: 'WebSocket mode is not available here; use HTTP (supports_websockets=false in Codex).',
  invalid_upgrade: 'The upgrade request is not valid: sec-websocket-version must be 13.',
  invalid_json: 'The body is not one JSON object (byte 17 of 40). Send one JSON object.',
  duplicate_key: 'The body names "model" twice, so two readers could disagree about it. Send it once.',
  invalid_field: '"model" must be a string.',
  body_timeout:
    'The request body paused for more than 15 s (PROXY_BODY_IDLE_TIMEOUT_SECONDS). Send it faster.',
  body_too_large: 'The request body is larger than 67108864 bytes. Raise PROXY_MAX_BODY_BYTES or send less.',
  unsupported_media_type: 'The body must be JSON: send content-type: application/json (got text/plain).',
  unsupported_content_encoding:
    'Request bodies with content-encoding "gzip" are not read here yet; send the body uncompressed.',
  affinity_lost:
    'The key that the response named by previous_response_id belongs to is no longer configured, and no other key of ' +
    'its organisation is. Put the key back, or start a new conversation.',
  affinity_unavailable:
    'The resource that this conversation is bound to cannot serve now: openai-1 cooling (rate_limited, 12 s). ' +
    'Try again after retry-after.',
  upstream_rate_limited: 'Every usable key is rate limited; try again in 12 s.',
  upstream_auth_failed:
    'Every usable key was refused by the upstream (openai-1: 401 invalid_api_key). Your own credential is fine; the ' +
    'operator must replace or top up these keys.',
  upstream_unreachable:
    'openai-1 could not be reached: connect ECONNREFUSED 203.0.113.7:443. Nothing was sent.',
  upstream_connection_lost:
    'The connection to openai-1 broke after the request was sent (other side closed). It may have been processed, so ' +
    'it was not sent again.',
  bad_upstream_response: 'openai-1 answered something that is not usable HTTP: bad response',
  unexpected_redirect: 'openai-1 answered 302, a redirect, which is never followed. Check its base URL.',
  upstream_connect_timeout:
    'openai-1 could not be connected to in time (PROXY_CONNECT_TIMEOUT_SECONDS): Connect Timeout Error',
  upstream_first_byte_timeout: 'openai-1 sent no answer in time (PROXY_FIRST_BYTE_TIMEOUT_SECONDS).',
  upstream_total_timeout: 'openai-1: the attempt lasted longer than 600 s (PROXY_REQUEST_TIMEOUT_SECONDS).',
  server_shutdown: 'The proxy is stopping; send the request again.',
  capture_unavailable:
    'There is no room for the record of this request, and PROXY_CAPTURE_MODE is strict; nothing was sent. See spool ' +
    'of /admin/state.',
  overloaded:
    'Request bodies held at the moment come to 536870912 bytes (PROXY_MAX_BUFFERED_BYTES); send the request again in ' +
    'a moment.',
};

export interface ErrorResponse {
  readonly status: number;
  readonly description: string;
  readonly content: Record<
    string,
    { schema: { $ref: string }; examples: Record<string, { value: unknown }> }
  >;
}

/** The codes grouped by their status, as the document wants them. */
export function errorResponses(codes: readonly ErrorCode[]): ErrorResponse[] {
  const statuses = [...new Set(codes.map((code) => ERRORS[code].status))].toSorted((a, b) => a - b);
  return statuses.map((status) => {
    const own = codes.filter((code) => ERRORS[code].status === status);
    const examples = Object.fromEntries(
      own.map((code) => [code, { value: new ProxyError(code, messageOf(code)).toBody() }]),
    );
    return {
      status,
      description: own.map((code) => `\`${code}\``).join(', '),
      content: { 'application/json': { schema: { $ref: ERROR_SCHEMA_REF }, examples } },
    };
  });
}

/** Documents the errors a route may answer with. */
export const ApiErrors = (...codes: ErrorCode[]): MethodDecorator & ClassDecorator =>
  applyDecorators(...errorResponses(codes).map((response) => ApiResponse(response)));

/** A route may not be documented with an error whose message nobody wrote down. */
function messageOf(code: ErrorCode): string {
  const message = MESSAGES[code];
  if (message === undefined) throw new TypeError(`${code} has no example message`);
  return message;
}
