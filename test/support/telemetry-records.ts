import type { AttemptRecord, EventRecord, FinishedRecord, StartedRecord } from '../../src/usage/records.js';
import type { AffinityBinding, DecisionRecord } from '../../src/state/live-state.js';

export const T0 = 1_763_870_000_000;

export function decision(requestId: string, n = 1, resourceId: string | null = 'openai-1'): DecisionRecord {
  return {
    id: `dec_${requestId}_${n}`,
    requestId,
    attempt: n,
    at: T0 + n,
    sessionId: 's1',
    callerId: 'loopback',
    poolId: null,
    model: 'gpt-5',
    affinityClass: 'soft',
    affinityKind: 'session',
    affinityResult: 'hit',
    resourceId,
    reason: 'affinity_hit',
    explanation: 'The session was there before.',
    waitedMs: 0,
    cachedTokensAtStake: null,
    candidates: [
      {
        resourceId: 'openai-1',
        poolId: null,
        organization: null,
        weight: 1,
        inFlight: 0,
        load: 1,
        health: 'healthy',
        remainingRequests: null,
        remainingTokens: null,
        cachedTokens: null,
        chosen: true,
        rejected: null,
      },
    ],
  };
}

export function started(id: string, patch: Partial<StartedRecord> = {}): StartedRecord {
  return {
    t: 'started',
    id,
    at: T0,
    instanceId: 'inst_1',
    callerId: 'loopback',
    transport: 'http',
    method: 'POST',
    path: '/v1/responses',
    model: 'gpt-5',
    stream: true,
    poolId: null,
    session: { id: 's1', source: 'session-id', name: 'First', threadId: null, parentThreadId: null },
    userAgent: 'codex_exec/0.169.0',
    requestBytes: 2048,
    decision: decision(id),
    ...patch,
  };
}

export function attempt(n = 1, resourceId = 'openai-1'): AttemptRecord {
  return {
    n,
    resourceId,
    class: 'ok',
    status: 200,
    error: null,
    startedAt: T0,
    durationMs: 41.7,
    bytesSent: 2048,
    bytesReceived: 900,
    retryReason: 'served',
  };
}

export function binding(id: string, patch: Partial<AffinityBinding> = {}): AffinityBinding {
  return {
    callerId: 'loopback',
    kind: 'session',
    id,
    fingerprint: 'f'.repeat(16),
    organization: null,
    cachedTokens: null,
    boundAt: T0,
    expiresAt: T0 + 86_400_000,
    ...patch,
  };
}

export function finished(id: string, patch: Partial<FinishedRecord> = {}): FinishedRecord {
  return {
    t: 'finished',
    id,
    startedAt: T0,
    at: T0 + 42,
    state: 'completed',
    statusCode: 200,
    resourceId: 'openai-1',
    errorCode: null,
    errorMessage: null,
    errorSource: null,
    latencyMs: 42.4,
    firstByteMs: 11.2,
    responseBytes: 900,
    responseId: `resp_${id}`,
    upstreamRequestId: 'req_up',
    servedModel: 'gpt-5-2025-08-07',
    usage: {
      inputTokens: 100,
      cachedTokens: 0,
      cacheWriteTokens: null,
      outputTokens: 20,
      reasoningTokens: 5,
      totalTokens: 120,
    },
    attempts: [attempt()],
    decisions: [],
    bindings: [binding('s1')],
    rejected: null,
    ...patch,
  };
}

export function event(id: string, patch: Partial<EventRecord> = {}): EventRecord {
  return {
    t: 'event',
    id,
    at: T0,
    kind: 'resource.health',
    severity: 'info',
    resourceId: 'openai-1',
    requestId: null,
    message: 'openai-1 is healthy',
    data: { from: 'unknown', to: 'healthy' },
    ...patch,
  };
}
