/** The parts of the admin API's answers that this page shows. */
export interface ResourceHealth {
  readonly status: 'healthy' | 'degraded' | 'unhealthy' | 'unknown';
  readonly reason: string;
  readonly detail: string | null;
  readonly since: number;
  readonly until: number | null;
  readonly last_probe_at: number | null;
  readonly last_probe_status: number | null;
  readonly last_probe_latency_ms: number | null;
  readonly last_probe_error: string | null;
}

export interface ResourceState {
  readonly id: string;
  readonly pool_id: string | null;
  readonly weight: number;
  readonly organization: string | null;
  readonly source: string;
  readonly origin: string;
  readonly health: ResourceHealth;
  readonly in_flight: number;
  readonly max_concurrency: number | null;
  readonly denied_models: readonly string[];
  readonly input_tokens: number | null;
  readonly cache_hit_rate: number | null;
  readonly recent_cache_hit_rate: number | null;
}

export interface Candidate {
  readonly resource_id: string;
  readonly pool_id: string | null;
  readonly organization: string | null;
  readonly weight: number;
  readonly in_flight: number;
  readonly load: number;
  readonly health: string;
  readonly remaining_requests: number | null;
  readonly remaining_tokens: number | null;
  readonly cached_tokens: number | null;
  readonly chosen: boolean;
  readonly rejected: string | null;
}

export interface Decision {
  readonly id: string;
  readonly request_id: string;
  readonly attempt: number;
  readonly at: number;
  readonly session_id: string | null;
  readonly caller_id: string;
  readonly pool_id: string | null;
  readonly model: string | null;
  readonly affinity_class: string;
  readonly affinity_kind: string | null;
  readonly affinity_result: string;
  readonly resource_id: string | null;
  readonly reason: string;
  readonly explanation: string;
  readonly waited_ms: number | null;
  readonly cached_tokens_at_stake: number | null;
  readonly candidates: readonly Candidate[];
}

export interface Peer {
  readonly instance_id: string;
  readonly role: 'api' | 'worker';
  readonly version: string;
  readonly host: string;
  readonly age_ms: number;
  readonly uptime_seconds: number;
  readonly in_flight: number;
  readonly pending: number;
  readonly lag_ms: number;
  readonly draining: boolean;
  readonly database_matches: boolean | null;
  readonly self: boolean;
}

export interface AdminState {
  readonly resources: readonly ResourceState[];
  readonly recent_decisions: readonly Decision[];
  readonly affinity_count: number;
  readonly queue_depth: number;
  readonly in_flight: number;
  readonly fleet_in_flight: number;
  readonly spool: {
    readonly writable: boolean;
    readonly capture_degraded: boolean;
    readonly drain_error: string | null;
    readonly shed_bodies: number;
    readonly shed_records: number;
  };
  readonly database: { readonly ready: boolean; readonly kind: string; readonly error: string | null };
  readonly timestamp: number;
  readonly version: string;
  readonly uptime_seconds: number;
  readonly replicas: readonly Peer[];
  readonly workers: readonly Peer[];
  readonly redis: {
    readonly status: 'alone' | 'up' | 'away';
    readonly error: string | null;
    readonly warnings: readonly string[];
  };
  readonly problems: readonly { readonly code: string; readonly message: string }[];
}
