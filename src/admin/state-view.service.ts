import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '../common/clock.js';
import { OpenSockets } from '../common/open-sockets.js';
import { CLOCK } from '../common/tokens.js';
import { LIVE_STATE, type LiveState } from '../state/live-state.js';
import type { AdminStateDto } from './dto/admin-state.dto.js';
import { toDecisionDto } from './dto/decision.dto.js';
import { FleetViewService } from './fleet-view.service.js';
import { ProcessViewService } from './process-view.service.js';
import { ResourceViewService } from './resource-view.service.js';

/** Few enough that the whole state stays small: it is sent several times a second to every open dashboard. */
const RECENT_DECISIONS = 20;

/** The live picture: `/admin/state` and every event of `/admin/events`. From memory only; it never waits for SQL. */
@Injectable()
export class StateViewService {
  constructor(
    private readonly resources: ResourceViewService,
    private readonly process: ProcessViewService,
    private readonly fleet: FleetViewService,
    @Inject(LIVE_STATE) private readonly live: LiveState,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly sockets: OpenSockets,
  ) {}

  now(): AdminStateDto {
    const { version, instanceId } = this.process;
    return {
      resources: this.resources.all(),
      recent_decisions: this.live.recentDecisions(RECENT_DECISIONS).map(toDecisionDto),
      affinity_count: this.live.bindingCount,
      in_flight: this.live.localInFlight,
      open_sockets: this.sockets.count,
      spool: this.process.spool(),
      database: this.process.database(),
      client_access: this.process.clientAccess(),
      timestamp: this.clock.now(),
      version,
      instance_id: instanceId,
      uptime_seconds: this.process.uptimeSeconds(),
      ...this.fleet.now(),
    };
  }
}
