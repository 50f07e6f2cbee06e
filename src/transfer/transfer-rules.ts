import { REQUESTS } from '../usage/request-table.js';
import { BINDINGS } from '../usage/detail-tables.js';
import { MERGED_KEY_USAGE } from '../usage/key-usage-merge.js';
import { KEY_TOTALS } from '../usage/key-usage-totals.js';
import { MERGED_SESSIONS } from '../usage/session-merge.js';
import type { SqlValue } from '../usage/sql-values.js';

export type TransferRow = Readonly<Record<string, SqlValue>>;

/** What to do where the target has the row already: from an earlier run, or written by a proxy that uses it. */
export interface TransferRule {
  /** `NOTHING`, or `UPDATE SET …`; must give the same row however often it is applied. */
  readonly onConflict: string;
  /** Whether a target row that differs from the source's is right all the same, because it knows more. */
  readonly knowsMore: (target: TransferRow, source: TransferRow) => boolean;
}

const KEEP: TransferRule = { onConflict: 'NOTHING', knowsMore: () => false };

/**
 * What belongs to the running system that uses a database, and not to its history; and sums, which `moveHours` moves, or
 * retention makes anew.
 */
export const NOT_MOVED: ReadonlySet<string> = new Set([
  'database_identity',
  'processes',
  'usage_hours',
  'latency_hours',
]);

/** Rows that are written once and stay as they are: what the target has is what the source has. */
const UNCHANGING = ['attempts', 'audit_entries', 'bodies', 'decisions', 'events'];

const RULES: Readonly<Record<string, TransferRule>> = {
  requests: {
    // As the recorder merges. `recountSessions` counts what was merged, so the row says that it has been.
    onConflict: `${REQUESTS.onConflict}, "counted" = CASE WHEN excluded."has_start" = 0 THEN "requests"."counted"
      WHEN excluded."finish_rank" > "requests"."finish_rank" THEN 1 + excluded."finish_rank"
      ELSE 1 + "requests"."finish_rank" END`,
    knowsMore: (target, source) =>
      atLeast(target, source, 'finish_rank') && atLeast(target, source, 'has_start'),
  },
  sessions: {
    onConflict: MERGED_SESSIONS.onConflict,
    knowsMore: (target, source) =>
      atLeast(target, source, 'request_count') && atLeast(target, source, 'last_seen_at'),
  },
  key_usage: {
    onConflict: MERGED_KEY_USAGE.onConflict,
    knowsMore: (target, source) => KEY_TOTALS.every((total) => atLeast(target, source, total)),
  },
  affinity_bindings: {
    onConflict: BINDINGS.onConflict,
    knowsMore: (target, source) => atLeast(target, source, 'bound_at'),
  },
  client_keys: {
    // Revoked in one place is revoked; what else was changed there since is the target's to say.
    onConflict: `UPDATE SET
      "revoked_at" = CASE WHEN "client_keys"."revoked_at" IS NULL OR excluded."revoked_at" < "client_keys"."revoked_at"
        THEN COALESCE(excluded."revoked_at", "client_keys"."revoked_at") ELSE "client_keys"."revoked_at" END,
      "last_used_at" = CASE WHEN "client_keys"."last_used_at" IS NULL OR excluded."last_used_at" > "client_keys"."last_used_at"
        THEN excluded."last_used_at" ELSE "client_keys"."last_used_at" END`,
    knowsMore: (target, source) =>
      target['digest'] === source['digest'] && revokedIn(target) >= revokedIn(source),
  },
  resource_identities: {
    onConflict: `UPDATE SET
      "organization" = COALESCE("resource_identities"."organization", excluded."organization"),
      "first_seen_at" = CASE WHEN excluded."first_seen_at" < "resource_identities"."first_seen_at"
        THEN excluded."first_seen_at" ELSE "resource_identities"."first_seen_at" END,
      "last_seen_at" = CASE WHEN excluded."last_seen_at" > "resource_identities"."last_seen_at"
        THEN excluded."last_seen_at" ELSE "resource_identities"."last_seen_at" END`,
    knowsMore: (target, source) => target['resource_id'] === source['resource_id'],
  },
};

/** Tables nobody has written a rule for: the newer row where rows say when they changed, else the target's own. */
export function ruleFor(table: string, columns: readonly string[], key: readonly string[]): TransferRule {
  const rule = RULES[table];
  if (rule !== undefined) return rule;
  if (!columns.includes('updated_at')) return KEEP;
  const changed = columns.filter((column) => !key.includes(column));
  return {
    onConflict: `UPDATE SET ${changed.map((column) => `"${column}" = excluded."${column}"`).join(', ')}
      WHERE excluded."updated_at" > "${table}"."updated_at"`,
    knowsMore: (target, source) => atLeast(target, source, 'updated_at'),
  };
}

function revokedIn(row: TransferRow): number {
  return (row['revoked_at'] ?? null) === null ? 0 : 1;
}

/** Whether somebody has thought of what happens to this table's rows where both databases have them. */
export function hasRule(table: string, columns: readonly string[]): boolean {
  return table in RULES || UNCHANGING.includes(table) || columns.includes('updated_at');
}

function atLeast(target: TransferRow, source: TransferRow, column: string): boolean {
  return Number(target[column] ?? 0) >= Number(source[column] ?? 0);
}
