import type { JsonObject } from '../state/peers.js';
import type { ProbeAnswer } from './probe-sender.js';

const MAX_CHARACTERS = 300;

/** A probe's answer as the other replicas hear it. */
export function tellProbe(answer: ProbeAnswer, byOperator: boolean): JsonObject {
  return {
    status: answer.status,
    latency_ms: answer.latencyMs,
    error: answer.error?.slice(0, MAX_CHARACTERS) ?? null,
    organization: answer.organization,
    code: answer.code,
    by_operator: byOperator,
  };
}

/** Null for what is no such answer. */
export function readProbe(
  body: JsonObject,
): { readonly answer: ProbeAnswer; readonly byOperator: boolean } | null {
  const { status, latency_ms: latencyMs } = body;
  if (status !== null && !Number.isInteger(status)) return null;
  if (typeof latencyMs !== 'number' || !Number.isFinite(latencyMs)) return null;
  const answer = {
    status: status as number | null,
    latencyMs,
    error: text(body['error']),
    organization: text(body['organization']),
    code: text(body['code']),
  };
  return { answer, byOperator: body['by_operator'] === true };
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value.slice(0, MAX_CHARACTERS) : null;
}
