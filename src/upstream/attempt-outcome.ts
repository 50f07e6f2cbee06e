/**
 * How one attempt ended, as a value: the retry policy, passive health and the record all read the same thing.
 * Classes are those of the retry table: A not processed, B refused, C1 failed with a complete answer, C2 ambiguous,
 * D committed, E the request's own fault.
 */
export type AttemptOutcome =
  /** Answered and ended with its terminal event or a complete body; `status` < 400. */
  | { readonly kind: 'served'; readonly status: number; readonly rateLimit: RateLimitFacts | null }
  /** A complete error answer (status >= 400 or 3xx). `code` is `error.code`, else `error.type`, else null. */
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly code: string | null;
      /** Set where the answer has no code: all errors of a kind have the same type. */
      readonly codeIsType?: boolean;
      readonly message: string | null;
      /** Milliseconds to wait, from `retry-after-ms` or `retry-after`, clamped; null when absent. */
      readonly retryAfterMs: number | null;
      readonly rateLimit: RateLimitFacts | null;
    }
  /** Nothing of the request was processed: no connection, or the request never left completely. Class A. */
  | {
      readonly kind: 'unsent';
      readonly cause:
        | 'dns'
        | 'refused'
        | 'connect_timeout'
        | 'tls'
        | 'write'
        | 'pool'
        /** The total limit came while it waited for a connection, */
        | 'queue_timeout'
        /** or while its body was on its way. */
        | 'total_timeout';
      readonly message: string;
    }
  /** The whole request left and no usable answer came: it may have been processed. Class C2. */
  | {
      readonly kind: 'lost';
      readonly cause: 'reset' | 'eof' | 'first_byte_timeout' | 'idle_timeout' | 'total_timeout' | 'garbage';
      readonly message: string;
    }
  /** The answer had begun to reach the client and did not end properly. Class D. */
  | {
      readonly kind: 'cut';
      readonly cause:
        | 'reset'
        | 'eof'
        /** Of a WebSocket response: over HTTP nothing is committed before the first byte. */
        | 'first_byte_timeout'
        | 'idle_timeout'
        | 'total_timeout'
        | 'no_terminal'
        | 'garbage';
      readonly message: string;
    }
  /** 200, but the stream's terminal event was `response.failed` or `error`. */
  | { readonly kind: 'failed_in_stream'; readonly code: string | null; readonly message: string | null }
  /** Says nothing about the resource: the client left or may not go on, or the proxy is shutting down. */
  | { readonly kind: 'neutral'; readonly cause: 'client_aborted' | 'shutdown' | 'unauthorized' | 'internal' };

/** `x-ratelimit-*` of an answer; null where the header is absent. Resets in milliseconds from now. */
export interface RateLimitFacts {
  readonly limitRequests: number | null;
  readonly remainingRequests: number | null;
  readonly resetRequestsMs: number | null;
  readonly limitTokens: number | null;
  readonly remainingTokens: number | null;
  readonly resetTokensMs: number | null;
}

/** `neutral`: ended by the client or by us; says nothing about anybody. */
export type AttemptClass = 'ok' | 'A' | 'B' | 'C1' | 'C2' | 'D' | 'E' | 'neutral';
