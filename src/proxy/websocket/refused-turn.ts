import type { Balancer } from '../../balancer/balancer.service.js';
import type { RoutingHints } from '../../balancer/routing-hints.js';
import { ProxyError } from '../../common/errors.js';
import { isQuotaCode } from '../../health/account-codes.js';
import type { Resource } from '../../resources/resource.js';
import type { AttemptOutcome } from '../../upstream/attempt-outcome.js';
import { attemptClass } from '../../upstream/classify.js';
import { finalAnswer, type FinalAnswer } from '../final-answer.js';
import { errorMessage, withRetryAfter } from './error-message.js';

/** What the client hears of a response that was refused before it began. `again`: it is to connect anew and ask there. */
export type RefusedAnswer = FinalAnswer | { readonly kind: 'again' };

export const AS_IT_CAME: RefusedAnswer = Object.freeze({ kind: 'pass', retryAfterSeconds: null });

type Answered = Extract<AttemptOutcome, { kind: 'answered' }>;

interface Refused {
  readonly hints: RoutingHints | null;
  /** Where its connection goes, with the verdict of this refusal. */
  readonly resource: Resource;
  readonly outcome: AttemptOutcome;
  /** Nothing else runs on the connection: it may be closed. */
  readonly alone: boolean;
}

/**
 * The same as over HTTP, where it would have been sent to another key first: a verdict on one of our keys is never the
 * client's, and a wait is short. Only that a connection has one key: who could be served by another is sent there.
 */
export function answerTo(
  balancer: Pick<Balancer, 'mayLeave' | 'explain' | 'others'>,
  { hints, resource, outcome, alone }: Refused,
): RefusedAnswer {
  const refusal = refusalOf(outcome);
  if (hints === null || refusal === null) return AS_IT_CAME;
  if (alone && balancer.mayLeave(resource, hints)) return { kind: 'again' };
  const { reason, explanation } = balancer.explain(hints);
  if (reason === 'affinity_lost') return own('affinity_lost', explanation);
  const others = balancer.others(hints, [resource.id]);
  const answer = finalAnswer([{ resourceId: resource.id, outcome: refusal }], { others, generates: true });
  if (answer.kind === 'own' || outcome.kind === 'answered') return answer;
  // An event of a stream has no headers: nowhere for a wait.
  const retryAfterSeconds = answer.retryAfterSeconds ?? undefined;
  const message = `${resource.id} is rate limited upstream (${refusal.message ?? refusal.code}).`;
  return own('upstream_rate_limited', message, retryAfterSeconds);
}

/** The message as the client gets it. */
export function toldAs(
  { answer, lane }: { readonly answer: RefusedAnswer; readonly lane: string },
  data: Buffer,
): Buffer {
  if (answer.kind === 'own') return errorMessage(answer.error, lane);
  if (answer.kind === 'again' || answer.retryAfterSeconds === null) return data;
  return withRetryAfter(data, answer.retryAfterSeconds);
}

/** Refused keys and models, spent quotas and pauses, however the message puts them; null = it is about something else. */
function refusalOf(outcome: AttemptOutcome): Answered | null {
  if (outcome.kind === 'answered') return attemptClass(outcome) === 'B' ? outcome : null;
  if (outcome.kind !== 'failed_in_stream') return null;
  const { code, message } = outcome;
  if (code !== 'rate_limit_exceeded' && !isQuotaCode(code)) return null;
  return { kind: 'answered', status: 429, code, message, retryAfterMs: null, rateLimit: null };
}

function own(
  code: ConstructorParameters<typeof ProxyError>[0],
  message: string,
  retryAfterSeconds?: number,
): RefusedAnswer {
  const options = retryAfterSeconds === undefined ? {} : { retryAfterSeconds };
  return { kind: 'own', error: new ProxyError(code, message, options) };
}
