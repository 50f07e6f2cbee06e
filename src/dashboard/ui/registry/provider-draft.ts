import { FieldProblem } from '../forms/field-problem.js';
import { asText, changedTerms, givenTerms, jsonObject, orNull, wholeNumber } from '../forms/read-values.js';
import type { Preset, ProviderRow } from './registry-wire.js';

export type ProviderDraft = {
  readonly id: string;
  readonly name: string;
  readonly provider_type: string;
  readonly base_url: string;
  readonly auth_type: string;
  readonly auth_header: string;
  /** Where the key is: written here, or in a variable of the process. */
  readonly key_from: string;
  readonly api_key: string;
  readonly credential_ref: string;
  readonly health_path: string;
  readonly pool_id: string;
  readonly weight: string;
  readonly organization: string;
  readonly max_concurrency: string;
  readonly enabled: boolean;
  readonly metadata: string;
};

/** What a trial is about: none of it may differ where the stored key is to be tried. */
const CONNECTION = [
  'base_url',
  'auth_type',
  'auth_header',
  'key_from',
  'api_key',
  'credential_ref',
  'health_path',
] as const;

export const NEW_PROVIDER: ProviderDraft = {
  id: '',
  name: '',
  provider_type: 'custom',
  base_url: '',
  auth_type: 'bearer',
  auth_header: '',
  key_from: 'inline',
  api_key: '',
  credential_ref: '',
  health_path: '',
  pool_id: '',
  weight: '1',
  organization: '',
  max_concurrency: '',
  enabled: true,
  metadata: '',
};

export function providerDraft(row: ProviderRow): ProviderDraft {
  return {
    id: row.id,
    name: row.name,
    provider_type: row.provider_type,
    base_url: row.base_url,
    auth_type: row.auth_type,
    auth_header: asText(row.auth_header),
    key_from: row.credential_ref === null ? 'inline' : 'variable',
    api_key: '',
    credential_ref: asText(row.credential_ref),
    health_path: asText(row.health_path),
    pool_id: asText(row.pool_id),
    weight: String(row.weight),
    organization: asText(row.organization),
    max_concurrency: asText(row.max_concurrency),
    enabled: row.enabled,
    metadata: row.metadata === null ? '' : JSON.stringify(row.metadata, null, 2),
  };
}

/** What a preset fills in. A name that somebody wrote stays. */
export function fromPreset(draft: ProviderDraft, preset: Preset, presets: readonly Preset[]): ProviderDraft {
  const unnamed = draft.name === '' || presets.some(({ name }) => name === draft.name);
  return {
    ...draft,
    provider_type: preset.provider_type,
    name: unnamed && preset.provider_type !== 'custom' ? preset.name : unnamed ? '' : draft.name,
    base_url: preset.base_url,
    auth_type: preset.auth_type,
    auth_header: asText(preset.auth_header),
    health_path: asText(preset.health_path),
  };
}

/** The body of a POST. Throws FieldProblem. */
export function newProviderBody(draft: ProviderDraft): Record<string, unknown> {
  return givenTerms({ id: draft.id, ...termsOf(draft), api_key: keyOf(draft) });
}

/** The body of a PATCH: only what differs. Throws FieldProblem. */
export function changedProviderBody(initial: ProviderDraft, draft: ProviderDraft): Record<string, unknown> {
  const key = keyOf(draft);
  if (wantsKey(initial, draft) && key === null)
    throw new FieldProblem('api_key', 'Enter the key: the variable it was read from is no longer named.');
  return { ...changedTerms(termsOf(initial), termsOf(draft)), ...(key === null ? {} : { api_key: key }) };
}

/** The stored one, by its id, while the form says nothing else about the connection; else what is written. */
export function trialBody(
  initial: ProviderDraft | null,
  draft: ProviderDraft,
  keyStored: boolean,
): Record<string, unknown> {
  if (initial === null) return newProviderBody(draft);
  if (CONNECTION.every((name) => initial[name] === draft[name])) return { id: draft.id };
  if (keyStored && draft.auth_type !== 'none' && draft.key_from === 'inline' && draft.api_key === '')
    throw new FieldProblem(
      'api_key',
      'Enter the key to try this: the stored one goes to no address that has not been saved.',
    );
  return newProviderBody(draft);
}

function wantsKey(initial: ProviderDraft, draft: ProviderDraft): boolean {
  return draft.auth_type !== 'none' && draft.key_from === 'inline' && initial.key_from === 'variable';
}

function keyOf(draft: ProviderDraft): string | null {
  return draft.auth_type === 'none' || draft.key_from !== 'inline' ? null : orNull(draft.api_key);
}

function referenceOf(draft: ProviderDraft): string | null {
  if (draft.auth_type === 'none' || draft.key_from !== 'variable') return null;
  if (draft.credential_ref !== '') return draft.credential_ref;
  throw new FieldProblem('credential_ref', 'Name the variable that holds the key, such as env:TEAM_KEY.');
}

function termsOf(draft: ProviderDraft): Record<string, unknown> {
  return {
    name: draft.name,
    provider_type: orNull(draft.provider_type),
    base_url: draft.base_url.trim(),
    auth_type: draft.auth_type,
    auth_header: draft.auth_type === 'header' ? orNull(draft.auth_header) : null,
    credential_ref: referenceOf(draft),
    health_path: orNull(draft.health_path),
    pool_id: orNull(draft.pool_id),
    weight: wholeNumber('weight', draft.weight),
    organization: orNull(draft.organization),
    max_concurrency: wholeNumber('max_concurrency', draft.max_concurrency),
    enabled: draft.enabled,
    metadata: jsonObject('metadata', draft.metadata),
  };
}
