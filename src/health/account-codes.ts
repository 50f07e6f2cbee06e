import type { AttemptOutcome } from '../upstream/attempt-outcome.js';

/** Codes that speak of the key or its account as a whole, wherever they are heard. */
const CONDEMNING = new Set([
  'invalid_api_key',
  'expired_api_key',
  'api_key_disabled',
  'api_key_revoked',
  'account_deactivated',
  'deactivated_workspace',
  'organization_deactivated',
  'organization_suspended',
  'project_archived',
]);
/** Keys with narrowed rights answer these on routes they were not given, and serve all the same. */
const SCOPE_CODES = new Set([
  'missing_scope',
  'missing_scopes',
  'insufficient_permissions',
  'insufficient_scope',
]);
/** About where we are, not who: every key would hear the same, whatever is asked. */
const PLACE_CODES = new Set(['unsupported_country_region_territory', 'ip_not_authorized', 'ip_not_allowed']);
/** The account has nothing left to spend; waiting a little does not help. */
const QUOTA_CODES = new Set([
  'insufficient_quota',
  'billing_hard_limit_reached',
  'billing_not_active',
  'usage_limit_reached',
  'usage_not_included',
]);

export function condemnsKey(code: string | null): boolean {
  return code !== null && CONDEMNING.has(code);
}

/** Most such answers carry no code of their own, only words. */
const SCOPE_WORDS = /\bmissing scopes?\b|\binsufficient permissions\b/i;

/** A 401 or 403 about what this key was not given rights to. The key itself is in order. */
export function lacksScope(code: string | null, message: string | null): boolean {
  if (condemnsKey(code)) return false;
  return (code !== null && SCOPE_CODES.has(code)) || (message !== null && SCOPE_WORDS.test(message));
}

/** A 403 with a code of its own that nobody here knows: it may speak of the key or of what was asked. */
export function isUnknownRefusal({
  status,
  code,
  message,
  codeIsType = false,
}: Extract<AttemptOutcome, { kind: 'answered' }>): boolean {
  if (status !== 403 || code === null || codeIsType || code === 'model_not_found') return false;
  return !condemnsKey(code) && !lacksScope(code, message) && !isQuotaCode(code) && !PLACE_CODES.has(code);
}

export function isQuotaCode(code: string | null): boolean {
  return code !== null && QUOTA_CODES.has(code);
}
