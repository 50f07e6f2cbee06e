import type { Check } from './check.js';
import { ACCESS_CHECKS } from './checks/access-checks.js';
import { CODEX_CHECKS } from './checks/codex-checks.js';
import { END_CHECKS } from './checks/end-checks.js';
import { HISTORY_CHECKS } from './checks/history-checks.js';
import { KEY_CHECKS } from './checks/key-checks.js';
import { PROCESS_CHECKS } from './checks/process-checks.js';
import { PROVIDER_CHECKS } from './checks/provider-checks.js';
import { PUBLIC_URL_CHECKS } from './checks/public-url-checks.js';
import { SETTINGS_CHECKS } from './checks/settings-checks.js';
import { STORAGE_CHECKS } from './checks/storage-checks.js';
import { TURN_CHECKS } from './checks/turn-checks.js';

/** All questions there are, in the order in which they are told. */
export const CHECKS: readonly Check[] = [
  ...PROCESS_CHECKS,
  ...END_CHECKS,
  ...SETTINGS_CHECKS,
  ...KEY_CHECKS,
  ...PROVIDER_CHECKS,
  ...STORAGE_CHECKS,
  ...HISTORY_CHECKS,
  ...ACCESS_CHECKS,
  ...CODEX_CHECKS,
  ...PUBLIC_URL_CHECKS,
  ...TURN_CHECKS,
];
