import { AuditEntry } from './registry/audit-entry.entity.js';
import { ClientKey } from './registry/client-key.entity.js';
import { ModelAlias } from './registry/model-alias.entity.js';
import { Provider } from './registry/provider.entity.js';
import { DatabaseIdentity } from './fleet/database-identity.entity.js';
import { ProcessRow } from './fleet/process-row.entity.js';
import { ResourceIdentity } from './resources/resource-identity.entity.js';
import { AffinityBindingRow } from './usage/affinity-binding-row.entity.js';
import { AttemptRow } from './usage/attempt-row.entity.js';
import { BodyRow } from './usage/body-row.entity.js';
import { DecisionRow } from './usage/decision-row.entity.js';
import { EventRow } from './usage/event-row.entity.js';
import { KeyUsageRow } from './usage/key-usage-row.entity.js';
import { LatencyHourRow } from './usage/latency-hour-row.entity.js';
import { RequestRow } from './usage/request-row.entity.js';
import { SessionRow } from './usage/session-row.entity.js';
import { UsageHourRow } from './usage/usage-hour-row.entity.js';

/** Every table of the product: what the data source knows and the drift test compares. */
export const ENTITIES = [
  RequestRow,
  SessionRow,
  KeyUsageRow,
  UsageHourRow,
  LatencyHourRow,
  AttemptRow,
  DecisionRow,
  BodyRow,
  EventRow,
  AffinityBindingRow,
  ResourceIdentity,
  Provider,
  ModelAlias,
  ClientKey,
  AuditEntry,
  DatabaseIdentity,
  ProcessRow,
];
