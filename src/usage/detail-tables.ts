import type { AffinityBinding, DecisionRecord } from '../state/live-state.js';
import { packBody } from './body-codec.js';
import type { AttemptRecord, BodyRecord, EventRecord } from './records.js';
import { Sanitizer } from './sanitizer.js';
import type { SqlValue } from './sql-values.js';
import type { TableSpec } from './table-writer.js';

// These never change once written: a second copy is the same row.
export const ATTEMPTS: TableSpec = {
  table: 'attempts',
  columns: [
    'request_id',
    'n',
    'resource_id',
    'class',
    'status',
    'error',
    'started_at',
    'duration_ms',
    'bytes_sent',
    'bytes_received',
    'retry_reason',
  ],
  key: ['request_id', 'n'],
  onConflict: 'NOTHING',
};

export const DECISIONS: TableSpec = {
  table: 'decisions',
  columns: [
    'id',
    'request_id',
    'attempt',
    'at',
    'session_id',
    'caller_id',
    'pool_id',
    'model',
    'affinity_class',
    'affinity_kind',
    'affinity_result',
    'resource_id',
    'reason',
    'explanation',
    'waited_ms',
    'cached_tokens_at_stake',
    'candidates',
  ],
  key: ['id'],
  onConflict: 'NOTHING',
};

export const EVENTS: TableSpec = {
  table: 'events',
  columns: ['id', 'at', 'kind', 'severity', 'resource_id', 'request_id', 'message', 'data'],
  key: ['id'],
  onConflict: 'NOTHING',
};

export const BODIES: TableSpec = {
  table: 'bodies',
  columns: [
    'request_id',
    'direction',
    'at',
    'content_type',
    'content_encoding',
    'size',
    'captured_size',
    'truncated',
    'codec',
    'content',
  ],
  key: ['request_id', 'direction'],
  onConflict: 'NOTHING',
};

/** The newest binding wins; equal times are decided by the fingerprint, so that order never matters. */
export const BINDINGS: TableSpec = {
  table: 'affinity_bindings',
  columns: [
    'caller_id',
    'kind',
    'id',
    'fingerprint',
    'organization',
    'cached_tokens',
    'bound_at',
    'expires_at',
  ],
  key: ['caller_id', 'kind', 'id'],
  onConflict: `UPDATE SET "fingerprint" = excluded."fingerprint", "organization" = excluded."organization",
    "cached_tokens" = excluded."cached_tokens", "bound_at" = excluded."bound_at", "expires_at" = excluded."expires_at"
    WHERE excluded."bound_at" > "affinity_bindings"."bound_at"
       OR (excluded."bound_at" = "affinity_bindings"."bound_at"
           AND excluded."fingerprint" > "affinity_bindings"."fingerprint")`,
};

export function attemptRow(requestId: string, attempt: AttemptRecord): SqlValue[] {
  const s = new Sanitizer();
  return [
    s.text(requestId),
    attempt.n,
    s.text(attempt.resourceId),
    s.text(attempt.class),
    s.int(attempt.status),
    s.textOrNull(attempt.error),
    s.intOr(attempt.startedAt, 0),
    s.intOr(attempt.durationMs, 0),
    s.intOr(attempt.bytesSent, 0),
    s.intOr(attempt.bytesReceived, 0),
    s.textOrNull(attempt.retryReason ?? null),
  ];
}

export function decisionRow(decision: DecisionRecord): SqlValue[] {
  const s = new Sanitizer();
  return [
    s.text(decision.id),
    s.text(decision.requestId),
    s.intOr(decision.attempt, 1),
    s.intOr(decision.at, 0),
    s.textOrNull(decision.sessionId),
    s.text(decision.callerId),
    s.textOrNull(decision.poolId),
    s.textOrNull(decision.model),
    s.text(decision.affinityClass),
    s.textOrNull(decision.affinityKind),
    s.text(decision.affinityResult),
    s.textOrNull(decision.resourceId),
    s.text(decision.reason),
    s.long(decision.explanation),
    s.intOr(decision.waitedMs, 0),
    s.int(decision.cachedTokensAtStake),
    s.json(decision.candidates, '[]'),
  ];
}

export function eventRow(event: EventRecord): SqlValue[] {
  const s = new Sanitizer();
  return [
    s.text(event.id),
    s.intOr(event.at, 0),
    s.text(event.kind),
    s.text(event.severity),
    s.textOrNull(event.resourceId),
    s.textOrNull(event.requestId),
    s.long(event.message),
    s.json(event.data, '{}'),
  ];
}

export function bindingRow(binding: AffinityBinding): SqlValue[] {
  const s = new Sanitizer();
  return [
    s.text(binding.callerId),
    s.text(binding.kind),
    s.text(binding.id),
    s.text(binding.fingerprint),
    s.textOrNull(binding.organization),
    s.int(binding.cachedTokens),
    s.intOr(binding.boundAt, 0),
    s.intOr(binding.expiresAt, 0),
  ];
}

export async function bodyRow(body: BodyRecord, content: Buffer): Promise<SqlValue[]> {
  const s = new Sanitizer();
  const packed = await packBody(content, body.contentEncoding !== null);
  return [
    s.text(body.id),
    s.text(body.direction),
    s.intOr(body.at, 0),
    s.textOrNull(body.contentType),
    s.textOrNull(body.contentEncoding),
    s.intOr(body.size, content.length),
    content.length,
    body.truncated ? 1 : 0,
    packed.codec,
    packed.content,
  ];
}
