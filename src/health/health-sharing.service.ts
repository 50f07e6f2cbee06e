import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import type { Clock } from '../common/clock.js';
import { steadyNow } from '../common/steady-now.js';
import { CLOCK } from '../common/tokens.js';
import { ResourceRegistry } from '../resources/resource-registry.service.js';
import { PEERS, type Peers, type ReceivedNotice } from '../state/peers.js';
import { initialHealth, type HealthState } from './health-state.js';
import { HealthService } from './health.service.js';
import { applyHeardProbe } from './probe-health.js';
import type { ProbeAnswer } from './probe-sender.js';
import { mergeHealth } from './shared-verdict.js';
import { isNews, keptFor, readHealth, tellHealth, type HeardHealth } from './told-health.js';
import { readProbe, tellProbe } from './told-probe.js';

const VERDICT = 'health.verdict';
const PROBE = 'health.probe';
/** A correction may cross with another one; how often this process says the same key again at most. */
const AGAIN_MS = 1_000;
/** Keys that are none of ours: others may know more. */
const MOST_REMEMBERED = 2_000;

/** Tells the other replicas what this one finds out about a key, and takes in what they do. */
@Injectable()
export class HealthSharing implements OnApplicationBootstrap, BeforeApplicationShutdown {
  /** The last words on each key, for keys that get known here later. By topic and fingerprint. */
  readonly #heard = new Map<string, { readonly notice: ReceivedNotice; readonly toldAt: number }>();
  /** `steadyNow` by fingerprint. */
  readonly #corrected = new Map<string, number>();
  /** Resource ids by fingerprint. */
  #known: ReadonlyMap<string, string> = new Map();
  readonly #stops: (() => void)[] = [];
  /** Since when the others can be told; null = they cannot. */
  #linkedSince: number | null = null;

  constructor(
    private readonly registry: ResourceRegistry,
    private readonly health: HealthService,
    @Inject(PEERS) private readonly peers: Peers,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  onApplicationBootstrap(): void {
    this.#known = this.#keys();
    this.#linkedSince = this.#linkSince();
    this.health.onNews = (fingerprint, state) => this.#tell(fingerprint, state);
    this.#stops.push(
      this.peers.onNotice(VERDICT, (notice) => this.#hear(notice)),
      this.peers.onNotice(PROBE, (notice) => this.#hear(notice)),
      this.peers.onChange(() => this.#onLink()),
      this.registry.subscribe(() => this.#onKeys()),
    );
  }

  beforeApplicationShutdown(): void {
    this.health.onNews = () => undefined;
    for (const stop of this.#stops.splice(0)) stop();
  }

  /** Whether this process should probe the key now: of all replicas one does, except for who cannot reach it. */
  async mayProbe(resourceId: string, fingerprint: string, forMs: number): Promise<boolean> {
    if (this.health.of(resourceId).reason === 'unreachable') return true;
    return this.peers.claim(`probe:${fingerprint}`, forMs);
  }

  probed(fingerprint: string, answer: ProbeAnswer, byOperator: boolean, keptMs: number): void {
    this.peers.post({
      topic: PROBE,
      key: fingerprint,
      body: tellProbe(answer, byOperator),
      ttlMs: keptMs,
    });
  }

  #tell(fingerprint: string, state: HealthState): void {
    const now = steadyNow(this.clock);
    this.peers.post({
      topic: VERDICT,
      key: fingerprint,
      body: tellHealth(state, now),
      ttlMs: keptFor(state, now),
    });
  }

  /** What was found out while the others could not be told, and what a flushed store has forgotten. */
  #onLink(): void {
    const since = this.#linkSince();
    if (since === this.#linkedSince) return;
    this.#linkedSince = since;
    if (since === null) return;
    const now = steadyNow(this.clock);
    for (const [fingerprint, state] of this.health.states())
      if (isNews(initialHealth(now), state, now)) this.#tell(fingerprint, state);
  }

  #linkSince(): number | null {
    const { status, since } = this.peers.link;
    return status === 'up' ? since : null;
  }

  #hear(notice: ReceivedNotice): void {
    const name = `${notice.topic} ${notice.key}`;
    const toldAt = steadyNow(this.clock) - Math.max(0, notice.ttlMs - notice.leftMs);
    this.#heard.delete(name);
    this.#heard.set(name, { notice, toldAt });
    if (this.#heard.size > MOST_REMEMBERED)
      for (const oldest of this.#heard.keys()) {
        this.#heard.delete(oldest);
        break;
      }
    if (notice.topic === PROBE) this.#takeProbe(notice, toldAt);
    else this.#takeVerdict(notice, toldAt, true);
  }

  /** A key that has just become one of ours, or got another id, starts with what was said of it before. */
  #onKeys(): void {
    const before = this.#known;
    this.#known = this.#keys();
    const now = steadyNow(this.clock);
    for (const { notice, toldAt } of this.#heard.values()) {
      const id = this.#known.get(notice.key);
      if (id === undefined || id === before.get(notice.key) || toldAt + notice.ttlMs <= now) continue;
      if (notice.topic === PROBE) this.#takeProbe(notice, toldAt);
      else this.#takeVerdict(notice, toldAt, false);
    }
  }

  #keys(): ReadonlyMap<string, string> {
    return new Map(
      [...this.registry.snapshot.byFingerprint].map(([fingerprint, { id }]) => [fingerprint, id]),
    );
  }

  #takeProbe({ key, body }: ReceivedNotice, toldAt: number): void {
    const probe = readProbe(body);
    const resource = this.registry.snapshot.byFingerprint.get(key);
    if (probe === null || resource === undefined) return;
    const { answer, byOperator } = probe;
    this.health.heard(key, (state) => applyHeardProbe(state, answer, toldAt, byOperator));
    if (answer.organization !== null) this.registry.learnOrganization(resource.id, answer.organization);
  }

  #takeVerdict({ key, body, from }: ReceivedNotice, toldAt: number, correct: boolean): void {
    const now = steadyNow(this.clock);
    const heard = readHealth(body, from, now - toldAt, now);
    if (heard === null) return;
    const state = this.health.heard(key, (own, at) => mergeHealth(own, heard, at));
    if (state !== null && correct) this.#correct(key, heard, state, now);
  }

  /** Two replicas that spoke at the same time: who comes later must hear the whole of it, not the last word. */
  #correct(fingerprint: string, heard: HeardHealth, state: HealthState, now: number): void {
    if (!isNews(mergeHealth(initialHealth(now), heard, now), state, now)) return;
    if (now - (this.#corrected.get(fingerprint) ?? -Infinity) < AGAIN_MS) return;
    this.#corrected.set(fingerprint, now);
    this.#tell(fingerprint, state);
  }
}
