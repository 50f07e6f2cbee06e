import type { ShownState } from '../common/request-states.js';
import type { TokenFields } from './token-fields.js';

/** One request as the admin API shows it. Times are epoch milliseconds, durations milliseconds, sizes bytes. */
export interface RequestItem extends TokenFields {
  /** `req_…`, the answer's `x-proxy-request-id`. */
  readonly id: string;
  /** Session as the client named it; null when it named none. */
  readonly session_id: string | null;
  readonly session_name: string | null;
  /** Header or field the session id came from. */
  readonly session_source: string | null;
  /** Thread inside the session, and the one that started it, for sub-agents. */
  readonly thread_id: string | null;
  readonly parent_thread_id: string | null;
  /** `loopback`, `anonymous` or a client key's id. */
  readonly caller_id: string | null;
  /** Resource that answered, or the last one tried. */
  readonly resource_id: string | null;
  /** Pool the client asked for; null = any. */
  readonly pool_id: string | null;
  /** Model the client asked for. */
  readonly model: string | null;
  /** Model the answer names. */
  readonly served_model: string | null;
  readonly method: string | null;
  /** Path without its query. */
  readonly path: string | null;
  /** Whether the client asked for a stream; null when the start of the request was not recorded. */
  readonly stream: boolean | null;
  readonly transport: 'http' | 'websocket' | null;
  /** `in_progress`, or how it ended. */
  readonly state: ShownState;
  /** What the client heard; null = nothing, or not known after a crash. */
  readonly status_code: number | null;
  readonly error_code: string | null;
  readonly error_message: string | null;
  /** Whose error it was. */
  readonly error_source: 'proxy' | 'upstream' | null;
  readonly started_at: number;
  readonly finished_at: number | null;
  readonly latency_ms: number | null;
  /** From the start to the first byte of the answer. */
  readonly first_byte_ms: number | null;
  /** How many resources were tried; null while running, or not known after a crash. */
  readonly attempts: number | null;
  /** By the prices of the day it ended; null = not known, which is not 0. */
  readonly cost_usd: number | null;
  readonly request_bytes: number | null;
  /** Null while running, or not known after a crash. */
  readonly response_bytes: number | null;
  /** `resp_…` of the answer. */
  readonly response_id: string | null;
  /** The upstream's `x-request-id`, for its support. */
  readonly upstream_request_id: string | null;
  readonly user_agent: string | null;
}

/** One try on one resource. */
export interface AttemptItem {
  /** From 1. */
  readonly n: number;
  readonly resource_id: string;
  /** `ok`, or the class of failure: A unsent, B refused, C1 failed, C2 lost, D cut, E the request's own fault. */
  readonly class: string;
  readonly status: number | null;
  readonly error: string | null;
  readonly started_at: number;
  readonly duration_ms: number;
  readonly bytes_sent: number;
  readonly bytes_received: number;
  /** Why another attempt followed, or none did. Null = recorded before this was. */
  readonly retry_reason: string | null;
  /** The same for a person. */
  readonly retry_text: string | null;
}

/** What is known of a captured body without its content. */
export interface BodyItem {
  readonly direction: 'request' | 'response';
  readonly content_type: string | null;
  /** Coding of the bytes as they passed through; the content is handed out as it was. */
  readonly content_encoding: string | null;
  /** Of the whole body. */
  readonly size: number;
  /** Of what was kept. */
  readonly captured_size: number;
  /** Whether only the beginning was kept. */
  readonly truncated: boolean;
}
