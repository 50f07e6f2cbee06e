import type { ResourceHealth } from './resource-health.js';

/** A resource's status, or the reason for a bad one, has changed. */
export interface HealthChange {
  readonly resourceId: string;
  /** Epoch ms. */
  readonly at: number;
  readonly from: ResourceHealth;
  readonly to: ResourceHealth;
  /** `error`: somebody must act. `warn`: it heals by itself. */
  readonly severity: 'info' | 'warn' | 'error';
  readonly message: string;
}

const FOR_PEOPLE = new Set(['invalid_key', 'forbidden', 'insufficient_quota']);

export function healthChange(
  resourceId: string,
  at: number,
  from: ResourceHealth,
  to: ResourceHealth,
): HealthChange {
  const severity = FOR_PEOPLE.has(to.reason) ? 'error' : to.status === 'healthy' ? 'info' : 'warn';
  const detail = to.detail === null ? '' : `: ${to.detail}`;
  return {
    resourceId,
    at,
    from,
    to,
    severity,
    message: `${resourceId} is ${to.status} (${to.reason})${detail}`,
  };
}
