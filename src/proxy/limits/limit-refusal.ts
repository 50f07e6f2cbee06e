import { ProxyError } from '../../common/errors.js';
import { nextUtcDay, nextUtcMonth } from '../../usage/utc-day.js';
import type { Exceeded } from './limit-decision.js';

const MAX_WAIT_SECONDS = 60;
/** About as long as a short answer runs. */
const HELD_SECONDS = 2;

/**
 * What the client hears. Clients sit out any `retry-after`, so only what passes within a minute has one; a budget that
 * is used up says when it ends and that sending again is no use. `waitMs`: until the rate has room; `now` is epoch ms.
 */
export function limitRefusal(over: Exceeded, waitMs: number, now: number): ProxyError {
  const { kind, of, span, limit, used } = over;
  const [most, spent] = [amount(of, limit), amount(of, used)];
  switch (kind) {
    case 'budget': {
      const end = span === 'day' ? nextUtcDay(now) : nextUtcMonth(now);
      return new ProxyError(
        'budget_exceeded',
        `The budget of your client key is used up: ${spent} of ${most} this ${span} (UTC). It begins anew at ` +
          `${new Date(end).toISOString().replace('.000', '')}; the operator of this proxy can raise it.`,
        { resetsAt: end / 1_000 },
      );
    }
    case 'rate': {
      const retryAfterSeconds = Math.max(1, Math.min(MAX_WAIT_SECONDS, Math.ceil(waitMs / 1_000)));
      return new ProxyError(
        'key_rate_limited',
        `Your client key may use ${most} a minute and has used ${spent} in the last one; try again in ${retryAfterSeconds}s.`,
        { retryAfterSeconds },
      );
    }
    case 'held':
      return new ProxyError(
        'key_rate_limited',
        `Your client key has used ${spent} of ${most} this ${span}, and its requests that are running may need the rest; ` +
          `try again in ${HELD_SECONDS}s.`,
        { retryAfterSeconds: HELD_SECONDS },
      );
    default:
      return kind satisfies never;
  }
}

/** For a key with a budget of money: what costs nobody knows how much would pass it by. */
export function priceRefusal(keyId: string, model: string): ProxyError {
  return new ProxyError(
    'price_unknown',
    `Nobody knows what the model ${JSON.stringify(model)} costs, and your client key has a budget of money, so nothing was ` +
      `sent. The operator of this proxy can give an alias of that name \`prices\` (POST /admin/models), or the key a budget of ` +
      `tokens in place of money (PATCH /admin/keys/${keyId}).`,
    { param: 'model' },
  );
}

function amount(of: Exceeded['of'], value: number): string {
  if (of === 'cost') return `$${(value / 1_000_000).toFixed(value % 10_000 === 0 ? 2 : 6)}`;
  return `${value.toLocaleString('en-US')} ${of}`;
}
