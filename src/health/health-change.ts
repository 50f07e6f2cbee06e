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
  /** Another replica found out and this one heard of it. */
  readonly heard: boolean;
}

const FOR_PEOPLE = new Set(['invalid_key', 'forbidden', 'insufficient_quota']);

export function healthChange(
  resourceId: string,
  at: number,
  from: ResourceHealth,
  to: ResourceHealth,
  heard = false,
): HealthChange {
  // Who found out has said already that somebody must act.
  const severity = heard ? 'info' : severityOf(to);
  const detail = to.detail === null ? '' : `: ${to.detail}`;
  const message = `${resourceId} is ${to.status} (${to.reason})${detail}`;
  return { resourceId, at, from, to, severity, message, heard };
}

function severityOf(to: ResourceHealth): HealthChange['severity'] {
  if (FOR_PEOPLE.has(to.reason)) return 'error';
  return to.status === 'healthy' ? 'info' : 'warn';
}
