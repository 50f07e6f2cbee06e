import type { RequestState } from '../usage/records.js';
import type { TokenUsage } from '../usage/token-usage.js';
import { CUT_SHORT } from './ending.js';
import type { Ending } from './exchange-records.js';
import type { Exchange } from './exchange.js';
import type { Spent } from './limits/key-limits.js';

type Told = Pick<Ending, 'tap' | 'state' | 'statusCode' | 'errorCode'>;

/** Where the answer was of use to somebody, or its client would not wait for it. */
const OF_USE: ReadonlySet<RequestState> = new Set(['completed', 'incomplete', 'client_aborted']);
/** Where this proxy would not wait for more of it: the upstream was not done, and is paid for what it had made. */
const ENDED_HERE: ReadonlySet<RequestState> = new Set(['timeout', 'interrupted']);

/**
 * Whether the model has run to somebody's use and nobody says what that took; and the background response that says it
 * later, or whose end is told now: by its usage, or by its failure, which took nothing.
 */
export function untoldUse(
  { hints }: Pick<Exchange, 'hints'>,
  ending: Told,
  usage: TokenUsage | null,
): Pick<Spent, 'untold' | 'backgroundId'> {
  const { tap } = ending;
  const read = hints?.pathResponseId ?? null;
  if (usage !== null) return { untold: false, backgroundId: read };
  if (tap?.terminal === 'failed' && read !== null && tap.responseId === read)
    return { untold: false, backgroundId: read };
  const backgroundId = hints?.background === true ? (tap?.responseId ?? null) : null;
  return { untold: wasOfUse(ending), backgroundId };
}

/**
 * What was refused, failed, broke or was cut short took nothing, also where its client had left by then; nor did what was
 * ended here before anything of it had come.
 */
function wasOfUse({ tap, state, statusCode, errorCode }: Told): boolean {
  if (tap === null || statusCode === null || statusCode >= 300) return false;
  if (tap.terminal === 'failed' || tap.terminal === 'error' || errorCode === CUT_SHORT) return false;
  return OF_USE.has(state) || (ENDED_HERE.has(state) && tap.answerBytes > 0);
}
