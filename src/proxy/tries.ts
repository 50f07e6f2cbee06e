import type { Lease } from '../balancer/lease.js';
import { RoutingRefusal } from '../balancer/routing-refusal.js';
import { ProxyError } from '../common/errors.js';
import type { AttemptClass, AttemptOutcome } from '../upstream/attempt-outcome.js';
import type { RetryReason } from '../usage/retry-reason.js';
import type { Exchange } from './exchange.js';
import { finalAnswer } from './final-answer.js';
import type { FinalAnswer } from './final-answer.js';
import type { ProxyDependencies } from './proxy-dependencies.js';
import { ClientGone } from './request-body.js';
import type { RetryBudget } from './retry-budget.js';
import { decideRetry } from './retry-policy.js';
import { sameRefusal, type TriedKey } from './same-refusal.js';
import type { WaitingRoom } from './waiting-room.js';

const MAX_ATTEMPTS = 3;
/** The end comes from outside; or the answer was the end of what the request builds on, as the next one will hear. */
const OUTRANKS_ANSWERS: ReadonlySet<string> = new Set(['server_shutdown', 'unauthorized', 'affinity_lost']);

/** What a retry may cost. A handshake asks for nothing, so it costs nothing: `budget` is null. */
export interface TryRules {
  readonly method: string;
  readonly idempotent: boolean;
  readonly generates: boolean;
  readonly budget: RetryBudget | null;
}

/**
 * The attempts of one request or one handshake: hands out the place for each, keeps what came of it, and knows whether
 * another may follow and what the client hears when none does.
 */
export class Tries {
  readonly #tried: TriedKey[] = [];
  /** Resources that asked for a pause: they may be asked again when it is over, if that is soon. */
  readonly #paused = new Set<string>();
  /** Resources that cannot serve such a thing, whatever their key. */
  readonly #unable = new Set<string>();
  #passedOver = 0;
  #retriedFailure = false;
  readonly #classes: AttemptClass[] = [];
  /** A connection that moves has handshakes of two loops in one record, whose attempts are counted through. */
  readonly #before: number;
  #endRetry: () => void = () => undefined;

  constructor(
    private readonly deps: ProxyDependencies,
    private readonly exchange: Exchange,
    private readonly room: WaitingRoom,
    private readonly rules: TryRules,
  ) {
    this.#before = exchange.attempts.length;
  }

  /** Number of the attempt that `next` hands out a place for, from 1. Whoever was passed over is not counted. */
  get attempt(): number {
    return this.#tried.length + 1;
  }

  /** The same number as the record has it, with those that were passed over. */
  get recordedAs(): number {
    return this.#before + this.#passedOver + this.attempt;
  }

  /** Each attempt was refused, for the key's sake, or never sent: nothing ran, and nothing was stored. */
  get nothingRan(): boolean {
    const refused = this.#classes.filter((one) => one === 'A' || one === 'B');
    return this.attempt > 1 && refused.length === this.#tried.length && this.#refusedAlike === null;
  }

  /** A place for the next attempt; null = nobody is left. Throws when there was nobody to begin with. */
  async next(): Promise<Lease | null> {
    const { hints } = this.exchange;
    if (hints === null) throw new Error('routing needs hints');
    const { attempt } = this;
    try {
      const lease = await this.room.acquire(this.exchange, { hints, tried: this.#triedIds(), attempt });
      if (this.exchange.clientGone) {
        lease.release({ kind: 'neutral', cause: 'client_aborted' });
        throw new ClientGone('the client closed the connection before its request was sent');
      }
      const { recordedAs } = this;
      this.exchange.decisions.push(
        recordedAs === attempt ? lease.decision : { ...lease.decision, attempt: recordedAs },
      );
      return lease;
    } catch (error: unknown) {
      if (error instanceof RoutingRefusal) this.exchange.decisions.push(error.decision);
      this.#because(reasonToStop(error));
      // With an upstream's own answer in hand that one says more than "nobody is left".
      const first = attempt === 1 && this.#passedOver === 0;
      if (first || !(error instanceof ProxyError) || OUTRANKS_ANSWERS.has(error.code)) throw error;
      return null;
    }
  }

  /** Takes in how the attempt ended, its lease given back. True when another one may follow. */
  mayGoOn({ resource, decision }: Lease, outcome: AttemptOutcome): boolean {
    this.#endRetry();
    const { attempt, exchange, rules, deps } = this;
    this.#tried.push({ resourceId: resource.id, outcome, group: deps.balancer.groupOf(resource) });
    if (deps.balancer.pauseOf(resource.id) !== null) this.#paused.add(resource.id);
    else this.#paused.delete(resource.id);
    if (exchange.hints === null || exchange.clientGone) {
      this.#because('client_aborted');
      return false;
    }
    const verdict = decideRetry({
      ...rules,
      outcome,
      attempt,
      maxAttempts: MAX_ATTEMPTS,
      committed: exchange.res.headersSent,
      hints: exchange.hints,
      retry5xx: deps.config.retry5xx || rules.budget === null,
      candidatesLeft: true,
      retried5xx: this.#retriedFailure && rules.budget !== null,
      budgetLeft: isRisked(decision) || (rules.budget?.left ?? true),
      ownerUnknown: this.#ownerUnknown(),
    });
    this.#because(verdict.reason);
    this.#classes.push(verdict.class);
    if (verdict.retry && (verdict.class === 'C1' || verdict.class === 'C2')) this.#retriesFailure(decision);
    return verdict.retry;
  }

  /** Its upstream does not do such things at all, nor do `others`: that was no attempt, and another may follow. */
  passOver({ resource }: Lease, others: readonly string[]): void {
    this.#passedOver += 1;
    for (const id of [resource.id, ...others]) this.#unable.add(id);
  }

  /** No attempt follows, whatever the reason. */
  over(): void {
    this.#endRetry();
  }

  /**
   * Nobody has served it: what the client hears, when it is not an answer that has already begun. Takes back what the keys
   * were condemned for where the request was at fault.
   */
  conclude(): FinalAnswer {
    const { hints } = this.exchange;
    const code = this.#refusedAlike;
    if (code !== null) {
      for (const { resourceId } of this.#tried) this.deps.balancer.acquit(resourceId, code);
      this.#because('request_at_fault');
    }
    const tried = [...this.#tried.map(({ resourceId }) => resourceId), ...this.#unable];
    return finalAnswer(this.#tried, {
      others: hints === null ? null : this.deps.balancer.others(hints, tried),
      generates: this.rules.generates,
      requestAtFault: code !== null,
      handshake: this.rules.budget === null,
    });
  }

  /** Of the request: a handshake has nothing of one in it. */
  get #refusedAlike(): string | null {
    return this.rules.budget === null ? null : sameRefusal(this.#tried);
  }

  get last(): AttemptOutcome | null {
    return this.#tried.at(-1)?.outcome ?? null;
  }

  /** Why the attempt that ended last is followed by another, or by none. */
  #because(retryReason: RetryReason): void {
    if (this.#tried.length === 0) return;
    const last = this.exchange.attempts.pop();
    if (last === undefined) return;
    // That nobody is left says less.
    const kept = last.retryReason === 'no_websocket';
    this.exchange.attempts.push(kept ? last : { ...last, retryReason });
  }

  #retriesFailure(decision: Lease['decision']): void {
    this.#retriedFailure = true;
    if (this.rules.budget !== null && !isRisked(decision)) this.#endRetry = this.rules.budget.spend();
  }

  #triedIds(): string[] {
    const tried = this.#tried
      .map(({ resourceId }) => resourceId)
      .filter((resourceId) => !this.#paused.has(resourceId));
    return [...tried, ...this.#unable];
  }

  /**
   * Asked for something stored that no key here is known to have made. Only callers of this machine may have it looked
   * for: to anybody else it could be a stranger's.
   */
  #ownerUnknown(): boolean {
    if (this.exchange.callerId !== 'loopback') return false;
    const first = this.exchange.decisions[0];
    return first?.affinityClass === 'hard' && first.affinityResult === 'miss';
  }
}

/** Another attempt was to follow, and there was no place for it. */
function reasonToStop(error: unknown): RetryReason {
  if (error instanceof ClientGone) return 'client_aborted';
  if (!(error instanceof ProxyError)) return 'internal';
  if (error.code === 'server_shutdown') return 'shutdown';
  return error.code === 'unauthorized' ? 'unauthorized' : 'no_candidate_left';
}

/** Sent to a failing key by our own choice, once a second: the client's turn must not fail for it, whatever was spent. */
function isRisked({ reason }: Lease['decision']): boolean {
  return reason === 'kept_in';
}
