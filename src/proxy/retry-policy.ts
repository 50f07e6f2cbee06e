import type { AttemptClass, AttemptOutcome } from '../upstream/attempt-outcome.js';
import { attemptClass } from '../upstream/classify.js';
import type { RetryReason } from '../usage/retry-reason.js';

/** However high it is configured: SDK and Codex retries multiply with these. */
const MOST_ATTEMPTS = 3;

export interface RetryInput {
  readonly outcome: AttemptOutcome;
  /** Of the attempt that just ended, from 1. */
  readonly attempt: number;
  readonly maxAttempts: number;
  /** Any byte or header has been forwarded to the client. */
  readonly committed: boolean;
  readonly idempotent: boolean;
  readonly method: string;
  readonly hints: {
    readonly background: boolean;
    readonly conversationId: string | null;
    readonly hasSideEffects: boolean;
    /** Set for follow-ups (`cancel`): they act on something stored. */
    readonly pathResponseId?: string | null;
  };
  readonly retry5xx: boolean;
  readonly candidatesLeft: boolean;
  /** A complete 5xx has already been tried elsewhere. Left out = that was so if this is not the first attempt. */
  readonly retried5xx?: boolean;
  /** The budget for retries after a failure (C1, C2) has something left. Left out = yes. */
  readonly budgetLeft?: boolean;
  /** The request names something stored, and no key is known to have it. Left out = no. */
  readonly ownerUnknown?: boolean;
}

export interface RetryDecision {
  readonly retry: boolean;
  readonly class: AttemptClass;
  /** For the record. */
  readonly reason: RetryReason;
}

/** Of an attempt that ended with its request: there was nothing left to decide. */
export function reasonAtEnd(outcome: AttemptOutcome): RetryReason {
  const klass = attemptClass(outcome);
  if (klass === 'ok') return 'served';
  return klass === 'neutral' ? causeOf(outcome) : 'committed';
}

/**
 * Whether the request may be sent to another resource. The API has no idempotency key: a second arrival is a second
 * generation, so only what is proven not to have run, or was refused, is resent freely.
 */
export function decideRetry(input: RetryInput): RetryDecision {
  const own = attemptClass(input.outcome);
  const klass = input.committed && own !== 'ok' && own !== 'neutral' ? 'D' : own;
  const verdict = verdictOf(klass, input);
  if (!verdict.retry) return { ...verdict, class: klass };
  if (input.attempt >= Math.min(input.maxAttempts, MOST_ATTEMPTS))
    return { retry: false, class: klass, reason: 'attempts_exhausted' };
  if (!input.candidatesLeft) return { retry: false, class: klass, reason: 'no_candidate_left' };
  return { ...verdict, class: klass };
}

/** Some key made it, nobody here knows which: reading it there costs nothing. */
function mayBeElsewhere({ ownerUnknown, idempotent, outcome }: RetryInput): boolean {
  return ownerUnknown === true && idempotent && outcome.kind === 'answered' && outcome.status === 404;
}

function causeOf(outcome: AttemptOutcome): RetryReason {
  return outcome.kind === 'neutral' ? outcome.cause : 'internal';
}

type Verdict = Pick<RetryDecision, 'retry' | 'reason'>;

const yes = (reason: RetryReason): Verdict => ({ retry: true, reason });
const no = (reason: RetryReason): Verdict => ({ retry: false, reason });

function verdictOf(klass: AttemptClass, input: RetryInput): Verdict {
  switch (klass) {
    case 'ok':
      return no('served');
    case 'A':
      return yes('not_processed');
    case 'B':
      return yes('refused_by_upstream');
    case 'C1':
      return afterServerError(input);
    case 'C2':
      return input.idempotent ? withinBudget(input, 'idempotent') : no('may_have_been_processed');
    case 'D':
      return no('committed');
    case 'E':
      return mayBeElsewhere(input) ? yes('owner_unknown') : no('request_at_fault');
    case 'neutral':
      return no(causeOf(input.outcome));
    default:
      return klass satisfies never;
  }
}

function afterServerError(input: RetryInput): Verdict {
  if (!input.retry5xx) return no('retry_5xx_off');
  if (input.retried5xx ?? input.attempt > 1) return no('server_error_retried_once');
  if (input.idempotent) return withinBudget(input, 'idempotent');
  const { hints } = input;
  if (input.method !== 'POST' || isSet(hints.pathResponseId)) return no('acts_on_stored_object');
  if (hints.background) return no('background');
  if (isSet(hints.conversationId)) return no('conversation');
  if (hints.hasSideEffects) return no('side_effects');
  return withinBudget(input, 'server_error_retry');
}

function withinBudget({ budgetLeft }: RetryInput, reason: RetryReason): Verdict {
  return budgetLeft === false ? no('retry_budget_spent') : yes(reason);
}

function isSet(id: string | null | undefined): boolean {
  return id !== null && id !== undefined;
}
