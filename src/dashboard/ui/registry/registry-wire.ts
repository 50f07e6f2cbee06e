/** The parts of the registry's answers that its pages show. */
export interface Routing {
  readonly active: boolean;
  readonly reason: string | null;
}

export interface ProviderRow {
  readonly id: string;
  readonly name: string;
  readonly provider_type: string;
  readonly base_url: string;
  readonly auth_type: string;
  readonly auth_header: string | null;
  readonly api_key_configured: boolean;
  readonly credential_ref: string | null;
  readonly health_path: string | null;
  readonly pool_id: string | null;
  readonly weight: number;
  readonly organization: string | null;
  readonly max_concurrency: number | null;
  readonly enabled: boolean;
  readonly metadata: Readonly<Record<string, unknown>> | null;
  readonly routing: Routing;
}

export interface ProviderList {
  readonly providers: readonly ProviderRow[];
}

export interface Preset {
  readonly provider_type: string;
  readonly name: string;
  readonly base_url: string;
  readonly auth_type: string;
  readonly auth_header: string | null;
  readonly health_path: string | null;
  readonly local: boolean;
  readonly notes: string;
  readonly docs_url: string;
}

export interface PresetList {
  readonly presets: readonly Preset[];
}

export interface TrialStep {
  readonly step: string;
  readonly status: 'ok' | 'failed' | 'skipped';
  readonly message: string;
  readonly fix: string | null;
}

export interface Trial {
  readonly ok: boolean;
  readonly steps: readonly TrialStep[];
}

export interface ModelPrices {
  readonly input: number;
  readonly output: number;
  readonly cached_input: number | null;
}

export interface ModelRow {
  readonly id: string;
  readonly alias: string;
  readonly display_name: string | null;
  readonly kind: 'model' | 'agent';
  readonly provider_id: string | null;
  readonly pool_id: string | null;
  readonly upstream_id: string;
  readonly fallbacks: readonly string[] | null;
  readonly capabilities: readonly string[] | null;
  readonly prices: ModelPrices | null;
  readonly enabled: boolean;
  readonly routing: Routing;
}

export interface ModelList {
  readonly models: readonly ModelRow[];
}

export interface KeyUse {
  readonly requests: number;
  readonly tokens: number;
  readonly cost_usd: number;
  readonly unpriced_requests: number;
}

export interface KeyTerms {
  readonly name: string;
  readonly expires_at: number | null;
  readonly allowed_pools: readonly string[] | null;
  readonly allowed_models: readonly string[] | null;
  readonly requests_per_minute: number | null;
  readonly tokens_per_minute: number | null;
  readonly daily_tokens: number | null;
  readonly monthly_tokens: number | null;
  readonly daily_cost_usd: number | null;
  readonly monthly_cost_usd: number | null;
}

export interface KeyRow extends KeyTerms {
  readonly id: string;
  readonly prefix: string;
  readonly revoked_at: number | null;
  readonly last_used_at: number | null;
  readonly created_at: number;
  readonly today: KeyUse | null;
  readonly this_month: KeyUse | null;
}

export interface KeyList {
  readonly keys: readonly KeyRow[];
}

export interface CreatedKey extends KeyTerms {
  readonly id: string;
  /** Told this once. */
  readonly key: string;
}

export interface AuditEntry {
  readonly id: string;
  readonly at: number;
  readonly actor: 'admin_token' | 'local' | 'command';
  readonly address: string | null;
  readonly action: string;
  readonly target_id: string;
  readonly changes: Readonly<Record<string, readonly [before: unknown, after: unknown]>>;
}

export interface AuditList {
  readonly audit: readonly AuditEntry[];
  readonly next_cursor: string | null;
}
