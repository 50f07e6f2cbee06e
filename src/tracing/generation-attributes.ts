import type { Attributes } from '@opentelemetry/api';
import {
  ATTR_GEN_AI_CONVERSATION_ID,
  ATTR_GEN_AI_OPERATION_NAME,
  ATTR_GEN_AI_PROVIDER_NAME,
  ATTR_GEN_AI_REQUEST_MODEL,
  ATTR_GEN_AI_REQUEST_STREAM,
  ATTR_GEN_AI_RESPONSE_FINISH_REASONS,
  ATTR_GEN_AI_RESPONSE_ID,
  ATTR_GEN_AI_RESPONSE_MODEL,
  ATTR_GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK,
  ATTR_GEN_AI_USAGE_CACHE_CREATION_INPUT_TOKENS,
  ATTR_GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS,
  ATTR_GEN_AI_USAGE_INPUT_TOKENS,
  ATTR_GEN_AI_USAGE_OUTPUT_TOKENS,
  ATTR_GEN_AI_USAGE_REASONING_OUTPUT_TOKENS,
  ATTR_OPENAI_API_TYPE,
  GEN_AI_OPERATION_NAME_VALUE_CHAT,
  OPENAI_API_TYPE_VALUE_RESPONSES,
} from '@opentelemetry/semantic-conventions/incubating';
import type { FinishedRecord } from '../usage/records.js';
import type { TokenUsage } from '../usage/token-usage.js';
import type { TracedRequest } from './request-traces.js';

/** How a response ends by its own word; other states are the proxy's. */
const FINISHED: ReadonlySet<string> = new Set(['completed', 'incomplete', 'failed']);

/**
 * The GenAI conventions, on the request's own span only: who sums tokens over spans must not find them again on the
 * attempts. Routes that run no model say no operation.
 */
export function generationAttributes(
  { record, start, generates }: TracedRequest,
  providerName: string,
): Attributes {
  return {
    ...(generates ? operation(record, start.stream, providerName) : {}),
    [ATTR_GEN_AI_REQUEST_MODEL]: start.model ?? undefined,
    [ATTR_GEN_AI_RESPONSE_MODEL]: record.servedModel ?? undefined,
    [ATTR_GEN_AI_RESPONSE_ID]: record.responseId ?? undefined,
    [ATTR_GEN_AI_CONVERSATION_ID]: start.session?.id,
    ...(record.usage === null ? {} : tokens(record.usage)),
  };
}

function operation(
  { state, firstByteMs }: FinishedRecord,
  stream: boolean,
  providerName: string,
): Attributes {
  return {
    [ATTR_GEN_AI_OPERATION_NAME]: GEN_AI_OPERATION_NAME_VALUE_CHAT,
    [ATTR_GEN_AI_PROVIDER_NAME]: providerName,
    [ATTR_OPENAI_API_TYPE]: OPENAI_API_TYPE_VALUE_RESPONSES,
    [ATTR_GEN_AI_REQUEST_STREAM]: stream,
    [ATTR_GEN_AI_RESPONSE_FINISH_REASONS]: FINISHED.has(state) ? [state] : undefined,
    [ATTR_GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK]: firstByteMs === null ? undefined : firstByteMs / 1_000,
  };
}

/** What was not told is left out: 0 and absent are different. */
function tokens(usage: TokenUsage): Attributes {
  return {
    [ATTR_GEN_AI_USAGE_INPUT_TOKENS]: usage.inputTokens ?? undefined,
    [ATTR_GEN_AI_USAGE_OUTPUT_TOKENS]: usage.outputTokens ?? undefined,
    [ATTR_GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS]: usage.cachedTokens ?? undefined,
    [ATTR_GEN_AI_USAGE_CACHE_CREATION_INPUT_TOKENS]: usage.cacheWriteTokens ?? undefined,
    [ATTR_GEN_AI_USAGE_REASONING_OUTPUT_TOKENS]: usage.reasoningTokens ?? undefined,
  };
}
