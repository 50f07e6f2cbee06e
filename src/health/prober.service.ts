import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { APP_CONFIG, type AppConfig } from '../config/app-config.js';
import { ResourceRegistry } from '../resources/resource-registry.service.js';
import type { Resource } from '../resources/resource.js';
import { HealthSharing } from './health-sharing.service.js';
import { HealthService } from './health.service.js';
import { PROBE_SENDER, type ProbeAnswer, type ProbeSender } from './probe-sender.js';
import type { ResourceHealth } from './resource-health.js';
import { SCHEDULER, type Scheduler } from './scheduler.js';

const JITTER = 0.2;
const FIRST_WITHIN_MS = 1_000;
/** Of an interval: as long as the shortest pause between two rounds, so that a replica is never in its own way. */
const CLAIMED_SHARE = 1 - JITTER;
/** In intervals: what a probe said is shown until the next but one. */
const TOLD_SHARE = 3;

export interface ProbeResult {
  readonly resource_id: string;
  /** 2xx. */
  readonly ok: boolean;
  readonly status_code: number | null;
  readonly latency_ms: number;
  readonly error: string | null;
  /** After this probe. */
  readonly health: ResourceHealth;
}

/** Asks each key's health path now and then, each on a timer of its own so that keys are never probed in a burst. */
@Injectable()
export class ProberService implements OnApplicationBootstrap, BeforeApplicationShutdown {
  /** By fingerprint. */
  readonly #planned = new Map<string, () => void>();
  #unsubscribe: (() => void) | null = null;
  /** Replaced in tests. */
  random: () => number = Math.random;

  constructor(
    @Inject(APP_CONFIG) private readonly config: AppConfig,
    private readonly registry: ResourceRegistry,
    private readonly health: HealthService,
    @Inject(PROBE_SENDER) private readonly sender: ProbeSender,
    @Inject(SCHEDULER) private readonly scheduler: Scheduler,
    private readonly sharing: HealthSharing,
  ) {}

  onApplicationBootstrap(): void {
    this.#unsubscribe ??= this.registry.subscribe(() => this.#follow());
    this.#follow();
  }

  beforeApplicationShutdown(): void {
    this.#unsubscribe?.();
    this.#unsubscribe = null;
    for (const callOff of this.#planned.values()) callOff();
    this.#planned.clear();
  }

  /** All resources at once, for an operator who asks. */
  async probeAll(): Promise<ProbeResult[]> {
    return Promise.all(this.registry.snapshot.resources.map((resource) => this.#probe(resource, true)));
  }

  /** One of them; null when there is none of that id. */
  async probe(id: string): Promise<ProbeResult | null> {
    const resource = this.registry.snapshot.resources.find((one) => one.id === id);
    return resource === undefined ? null : this.#probe(resource, true);
  }

  /** Plans what is new and calls off what is gone. */
  #follow(): void {
    const { byFingerprint } = this.registry.snapshot;
    for (const [fingerprint, callOff] of this.#planned) {
      if (byFingerprint.has(fingerprint)) continue;
      callOff();
      this.#planned.delete(fingerprint);
    }
    for (const fingerprint of byFingerprint.keys())
      if (!this.#planned.has(fingerprint)) this.#plan(fingerprint, this.random() * FIRST_WITHIN_MS);
  }

  #plan(fingerprint: string, delayMs: number): void {
    this.#planned.set(
      fingerprint,
      this.scheduler.after(delayMs, () => void this.#round(fingerprint)),
    );
  }

  async #round(fingerprint: string): Promise<void> {
    const plan = this.#planned.get(fingerprint);
    const resource = this.registry.snapshot.byFingerprint.get(fingerprint);
    if (resource !== undefined && (await this.#isOurTurn(resource))) await this.#probe(resource, false);
    // Called off, or planned anew by somebody else, while the probe was under way.
    if (plan === undefined || this.#planned.get(fingerprint) !== plan) return;
    this.#plan(fingerprint, this.config.health.intervalMs * (1 - JITTER + 2 * JITTER * this.random()));
  }

  #isOurTurn({ id, fingerprint }: Resource): Promise<boolean> {
    return this.sharing.mayProbe(id, fingerprint, CLAIMED_SHARE * this.config.health.intervalMs);
  }

  async #probe(resource: Resource, byOperator: boolean): Promise<ProbeResult> {
    const answer = await this.#ask(resource);
    this.health.probed(resource.id, answer, byOperator);
    const keptMs = TOLD_SHARE * this.config.health.intervalMs;
    this.sharing.probed(resource.fingerprint, answer, byOperator, keptMs);
    if (answer.organization !== null) this.registry.learnOrganization(resource.id, answer.organization);
    return {
      resource_id: resource.id,
      ok: answer.status !== null && answer.status >= 200 && answer.status < 300,
      status_code: answer.status,
      latency_ms: answer.latencyMs,
      error: answer.error,
      health: this.health.of(resource.id),
    };
  }

  async #ask(resource: Resource): Promise<ProbeAnswer> {
    try {
      return await this.sender.probe(resource, resource.healthPath, this.config.health.timeoutMs);
    } catch (e: unknown) {
      // The port promises not to reject; a bug there must not end the rounds.
      const error = e instanceof Error ? e.message : String(e);
      return { status: null, latencyMs: 0, error, organization: null, code: null };
    }
  }
}
