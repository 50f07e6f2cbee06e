import type { AuditChanges } from './audit-entry.entity.js';

const HIDDEN = '[secret]';
/** What everybody can see has changed, whatever the change was. */
const SILENT = new Set(['updatedAt', 'lastUsedAt']);

/**
 * What differs between two versions of a row; null = it did not exist, or does no longer. Values of `secretFields`
 * are never told, only that they were there and that they changed.
 */
export function auditChanges(
  before: object | null,
  after: object | null,
  secretFields: ReadonlySet<string>,
): AuditChanges {
  const left = new Map(Object.entries(before ?? {}));
  const right = new Map(Object.entries(after ?? {}));
  const changes: [string, readonly [unknown, unknown]][] = [];
  for (const name of new Set([...left.keys(), ...right.keys()])) {
    const old = left.get(name) ?? null;
    const now = right.get(name) ?? null;
    if (SILENT.has(name) || JSON.stringify(old) === JSON.stringify(now)) continue;
    const shown = (value: unknown): unknown => (secretFields.has(name) && value !== null ? HIDDEN : value);
    changes.push([name, [shown(old), shown(now)]]);
  }
  return Object.fromEntries(changes);
}
