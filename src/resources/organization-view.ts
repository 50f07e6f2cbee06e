import type { Resource } from './resource.js';

/** PORT for the balancer: which organisation a resource belongs to. Synchronous, from memory. */
export interface OrganizationView {
  /** Configured label, else what the upstream's answers said, else null. */
  organizationOf(resource: Resource): string | null;
  /** Resources of one group can read each other's encrypted content. A key of an unknown organisation is alone. */
  groupOf(resource: Resource): string;
}
