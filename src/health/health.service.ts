import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '../common/clock.js';
import type { Logger } from '../common/logger.js';
import { steadyNow } from '../common/steady-now.js';
import { CLOCK, LOGGER } from '../common/tokens.js';
import { ResourceRegistry } from '../resources/resource-registry.service.js';
import { LIVE_STATE, type LiveState } from '../state/live-state.js';
import type { AttemptOutcome } from '../upstream/attempt-outcome.js';
import { healthChange, type HealthChange } from './health-change.js';
import { initialHealth, type HealthState } from './health-state.js';
import { describeHealth, lostLately, outRefusal, refusalOf } from './health-view.js';
import { admit, applyOutcome } from './passive-health.js';
import { applyProbe } from './probe-health.js';
import { isNews } from './told-health.js';
import { TrialClaims } from './trial-claims.js';
import { acquit } from './unknown-refusal.js';
import type { ProbeAnswer } from './probe-sender.js';
import { warmthAt } from './slow-start.js';
import type { HealthRefusal, HealthReporter, HealthView, ResourceHealth } from './resource-health.js';

interface Entry {
  /** An id that has come to mean another key starts anew. */
  readonly fingerprint: string;
  state: HealthState;
  /** The last state the other replicas heard of from here, or from which it came. */
  told: HealthState;
  /** Kept while it does not depend on the time. */
  view: ResourceHealth | null;
}

/** Holds each resource's health, feeds it what live answers and probes say, and tells who listens about changes. */
@Injectable()
export class HealthService implements HealthView, HealthReporter {
  readonly #entries = new Map<string, Entry>();
  readonly #listeners = new Set<(change: HealthChange) => void>();
  /** Hears of each verdict found here that the other replicas should know. */
  onNews: (fingerprint: string, state: HealthState) => void = () => undefined;
  readonly #startedAt: number;
  readonly #unknown: Entry;

  constructor(
    registry: ResourceRegistry,
    @Inject(LIVE_STATE) private readonly live: LiveState,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly trials: TrialClaims,
  ) {
    this.#startedAt = steadyNow(clock);
    this.#unknown = newEntry('', this.#startedAt);
    registry.subscribe(({ byId }) => this.#follow(byId));
    this.#follow(registry.snapshot.byId);
  }

  of(resourceId: string): ResourceHealth {
    const entry = this.#entries.get(resourceId) ?? this.#unknown;
    return entry.view ?? this.#describe(entry);
  }

  refusal(resourceId: string, model: string | null, now: number): HealthRefusal | null {
    const entry = this.#entries.get(resourceId);
    if (entry === undefined) return null;
    const refusal = refusalOf(entry.state, model, now);
    const { verdict } = entry.state;
    if (refusal !== null || verdict === null || verdict.kind === 'cooling') return refusal;
    const until = this.trials.refusedUntil(entry.fingerprint, now);
    return until === null ? null : outRefusal(entry.state, verdict, until);
  }

  warmth(resourceId: string, now: number): number {
    return warmthAt(this.#entries.get(resourceId)?.state.recoveredAt ?? null, now);
  }

  lostLately(resourceId: string, now: number): number {
    const entry = this.#entries.get(resourceId);
    return entry === undefined ? 0 : lostLately(entry.state, now);
  }

  admitted(resourceId: string): void {
    const entry = this.#entries.get(resourceId);
    // Nearly always: no verdict, and not even the clock is read.
    if (entry === undefined || entry.state.verdict === null) return;
    this.#set(resourceId, entry, admit(entry.state, steadyNow(this.clock)));
  }

  report(
    resourceId: string,
    model: string | null,
    outcome: AttemptOutcome,
    startedAt?: number,
    exercises = true,
  ): void {
    const entry = this.#entries.get(resourceId);
    if (entry === undefined) return;
    const now = steadyNow(this.clock);
    this.#set(resourceId, entry, applyOutcome(entry.state, model, outcome, now, startedAt ?? now, exercises));
  }

  acquit(resourceId: string, code: string): void {
    const entry = this.#entries.get(resourceId);
    if (entry !== undefined) this.#set(resourceId, entry, acquit(entry.state, code, steadyNow(this.clock)));
  }

  /** Takes in a probe's answer. `byOperator`: a 200 lets a key refused for quota or permission try again at once. */
  probed(resourceId: string, answer: ProbeAnswer, byOperator: boolean): void {
    const entry = this.#entries.get(resourceId);
    if (entry === undefined) return;
    this.#set(resourceId, entry, applyProbe(entry.state, answer, steadyNow(this.clock), byOperator));
  }

  /** Takes in what another replica says of a key. Answers what is thought of it then; null for a key that is none here. */
  heard(fingerprint: string, merge: (state: HealthState, now: number) => HealthState): HealthState | null {
    for (const [id, entry] of this.#entries) {
      if (entry.fingerprint !== fingerprint) continue;
      this.#set(id, entry, merge(entry.state, steadyNow(this.clock)), true);
      return entry.state;
    }
    return null;
  }

  /** Each key with what is thought of it. */
  *states(): Iterable<readonly [fingerprint: string, state: HealthState]> {
    for (const { fingerprint, state } of this.#entries.values()) yield [fingerprint, state];
  }

  /** Called after each change of a status or of the reason for a bad one. Returns the unsubscribe function. */
  onChange(listener: (change: HealthChange) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #set(resourceId: string, entry: Entry, next: HealthState, heard = false): void {
    const before = entry.state;
    if (next === before) return;
    const changed =
      next.status !== before.status || (next.status !== 'healthy' && next.reason !== before.reason);
    const from = changed ? this.of(resourceId) : null;
    entry.state = next;
    entry.view = null;
    if (from !== null)
      this.#tell(healthChange(resourceId, this.clock.now(), from, this.of(resourceId), heard));
    this.#share(entry, heard);
    this.live.touch();
  }

  #share(entry: Entry, heard: boolean): void {
    const { fingerprint, state, told } = entry;
    if (!heard && !isNews(told, state, steadyNow(this.clock))) return;
    entry.told = state;
    if (!heard) this.onNews(fingerprint, state);
  }

  #tell(change: HealthChange): void {
    const { resourceId, from, to, severity, message } = change;
    this.logger[severity](
      {
        event: 'resource.health',
        resource_id: resourceId,
        from: from.status,
        to: to.status,
        reason: to.reason,
        until: to.until,
      },
      message,
    );
    for (const listener of this.#listeners) listener(change);
  }

  #describe(entry: Entry): ResourceHealth {
    const now = steadyNow(this.clock);
    const view = describeHealth(entry.state, now, this.clock.now() - now);
    if (entry.state.verdict === null && entry.state.denied.length === 0) entry.view = view;
    return view;
  }

  #follow(byId: ReadonlyMap<string, { readonly fingerprint: string }>): void {
    for (const id of this.#entries.keys()) if (!byId.has(id)) this.#entries.delete(id);
    for (const [id, { fingerprint }] of byId) {
      if (this.#entries.get(id)?.fingerprint === fingerprint) continue;
      this.#entries.set(id, newEntry(fingerprint, this.#startedAt));
    }
  }
}

function newEntry(fingerprint: string, now: number): Entry {
  const state = initialHealth(now);
  return { fingerprint, state, told: state, view: null };
}
