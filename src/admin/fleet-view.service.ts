import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { FleetWatch } from '../fleet/fleet-watch.service.js';
import { LIVE_STATE, type LiveState } from '../state/live-state.js';
import { PEERS, type Peer, type Peers } from '../state/peers.js';
import type { FleetProblemDto, PeerDto, RedisStateDto } from './dto/fleet.dto.js';

export interface FleetState {
  readonly replicas: readonly PeerDto[];
  readonly workers: readonly PeerDto[];
  readonly fleet_in_flight: number;
  readonly queue_depth: number;
  readonly redis: RedisStateDto;
  readonly problems: readonly FleetProblemDto[];
}

/** All processes together, for people. From memory only. */
@Injectable()
export class FleetViewService implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #stops: (() => void)[] = [];

  constructor(
    @Inject(PEERS) private readonly peers: Peers,
    @Inject(LIVE_STATE) private readonly live: LiveState,
    private readonly watch: FleetWatch,
  ) {}

  /** Open pages hear of processes that come and go. */
  onApplicationBootstrap(): void {
    this.#stops.push(
      this.peers.onChange(() => this.live.touch()),
      this.watch.onChange(() => this.live.touch()),
    );
  }

  onApplicationShutdown(): void {
    for (const stop of this.#stops.splice(0)) stop();
  }

  now(): FleetState {
    const all = this.peers.list();
    const databaseId = all.find((peer) => peer.self)?.databaseId ?? null;
    const views = all.map((peer) =>
      // Its own count is exact, those of others are a beat old.
      toPeerDto(peer, databaseId, peer.self ? this.live.localInFlight : open(peer)),
    );
    const { status, error, warnings } = this.peers.link;
    return {
      replicas: views.filter(({ role }) => role === 'api'),
      workers: views.filter(({ role }) => role === 'worker'),
      fleet_in_flight: sum(views, ({ in_flight }) => in_flight),
      queue_depth: sum(views, ({ pending }) => pending),
      redis: { status, error, warnings },
      problems: this.watch.problems,
    };
  }

  count(role: Peer['role']): number {
    return this.peers.list().filter((peer) => peer.role === role).length;
  }

  get foreignValues(): number {
    return this.peers.link.foreignValues;
  }

  /** Null where none is configured. */
  get redisUp(): boolean | null {
    const { status } = this.peers.link;
    return status === 'alone' ? null : status === 'up';
  }
}

function open({ inFlight }: Peer): number {
  return sum(Object.values(inFlight), (n) => n);
}

function toPeerDto(peer: Peer, databaseId: string | null, inFlight: number): PeerDto {
  const known = databaseId !== null && peer.databaseId !== null;
  return {
    instance_id: peer.instanceId,
    role: peer.role,
    version: peer.version,
    host: peer.host,
    age_ms: Math.round(peer.ageMs),
    uptime_seconds: Math.floor(peer.uptimeMs / 1000),
    in_flight: inFlight,
    pending: peer.pending,
    lag_ms: Math.round(peer.lagMs),
    draining: peer.draining,
    database_matches: known ? peer.databaseId === databaseId : null,
    self: peer.self,
  };
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
