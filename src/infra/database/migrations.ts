import { Initial1763870000000 } from './migrations/1763870000000-initial.js';
import { WaitedMs1763880000000 } from './migrations/1763880000000-waited-ms.js';
import { PromptCache1763891000000 } from './migrations/1763891000000-prompt-cache.js';
import { Registry1764000000000 } from './migrations/1764000000000-registry.js';
import { Processes1764010000000 } from './migrations/1764010000000-processes.js';
import { Prices1764100000000 } from './migrations/1764100000000-prices.js';
import { RetryReason1764200000000 } from './migrations/1764200000000-retry-reason.js';
import { AuditAppendOnly1764250000000 } from './migrations/1764250000000-audit-append-only.js';
import { UsageHours1764300000000 } from './migrations/1764300000000-usage-hours.js';
import { CallerIndex1764360000000 } from './migrations/1764360000000-caller-index.js';
import { DecisionFilters1764370000000 } from './migrations/1764370000000-decision-filters.js';
import { SessionFailures1764380000000 } from './migrations/1764380000000-session-failures.js';
import { FailedRequests1764390000000 } from './migrations/1764390000000-failed-requests.js';
import { RequestNames1764400000000 } from './migrations/1764400000000-request-names.js';

/** In order of their stamps; only ever appended to. */
export const MIGRATIONS = [
  Initial1763870000000,
  WaitedMs1763880000000,
  PromptCache1763891000000,
  Registry1764000000000,
  Processes1764010000000,
  Prices1764100000000,
  RetryReason1764200000000,
  AuditAppendOnly1764250000000,
  UsageHours1764300000000,
  CallerIndex1764360000000,
  DecisionFilters1764370000000,
  SessionFailures1764380000000,
  FailedRequests1764390000000,
  RequestNames1764400000000,
];
