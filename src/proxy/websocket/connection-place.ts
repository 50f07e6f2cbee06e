import type { Balancer } from '../../balancer/balancer.service.js';
import type { Patience } from '../../balancer/patience.js';
import type { Outlook } from '../../balancer/outlook.js';
import type { Lease } from '../../balancer/lease.js';
import type { RoutingHints } from '../../balancer/routing-hints.js';
import type { Resource } from '../../resources/resource.js';
import type { DecisionRecord } from '../../state/live-state.js';
import type { Places } from '../waiting-room.js';

/** The places of one connection's resource, for a response that can be served over that connection alone. */
export class ConnectionPlace implements Places {
  constructor(
    private readonly balancer: Balancer,
    private readonly resource: Resource,
    private readonly continues: boolean,
  ) {}

  acquire(hints: RoutingHints, _tried: readonly string[], _attempt: number, patience: Patience): Lease {
    const { resource, continues } = this;
    return this.balancer.acquireOn(resource, hints, { continues, patience });
  }

  outlook(hints: RoutingHints): Outlook {
    return this.balancer.outlookOn(this.resource, hints);
  }

  explain(hints: RoutingHints): DecisionRecord {
    return this.balancer.explain(hints);
  }
}
