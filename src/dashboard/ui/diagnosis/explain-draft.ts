import { orNull } from '../forms/read-values.js';

export type ExplainDraft = {
  readonly pool_id: string;
  readonly model: string;
  readonly session_id: string;
  readonly thread_id: string;
  readonly parent_thread_id: string;
  readonly previous_response_id: string;
  readonly conversation_id: string;
  readonly client_key_id: string;
  readonly sealed: boolean;
};

const NOTHING_ASKED: ExplainDraft = {
  pool_id: '',
  model: '',
  session_id: '',
  thread_id: '',
  parent_thread_id: '',
  previous_response_id: '',
  conversation_id: '',
  client_key_id: '',
  sealed: false,
};

/** A shared address asks the same question. */
export function draftOf(query: URLSearchParams): ExplainDraft {
  const told = Object.entries(NOTHING_ASKED).map(([name, empty]): [string, string | boolean] => [
    name,
    typeof empty === 'boolean' ? query.get(name) === 'true' : (query.get(name) ?? ''),
  ]);
  return Object.fromEntries(told) as ExplainDraft;
}

export function queryOf(draft: ExplainDraft): Record<string, string> {
  const told = Object.entries(draft).map(([name, value]): [string, string] => [
    name,
    value === false ? '' : String(value),
  ]);
  return { ...Object.fromEntries(told), asked: '1' };
}

export function bodyOf(draft: ExplainDraft): Record<string, unknown> {
  const terms = Object.entries(draft).map(([name, value]): [string, unknown] => [
    name,
    typeof value === 'string' ? orNull(value.trim()) : value,
  ]);
  return Object.fromEntries(terms.filter(([, value]) => value !== null && value !== false));
}
