import type { Logger } from 'pino';
import { askedFor } from '../balancer/usage-claim.js';
import { ProxyError } from '../common/errors.js';
import {
  captureRequest,
  finishedRecord,
  logLine,
  startedRecord,
  tracedRequest,
  usageOf,
} from './exchange-records.js';
import type { Ending } from './exchange-records.js';
import type { Exchange } from './exchange.js';
import type { ProxyDependencies } from './proxy-dependencies.js';
import type { Spent } from './limits/key-limits.js';
import { untoldUse } from './untold-use.js';
import type { DecisionRecord } from '../state/live-state.js';
import type { FinishedRecord } from '../usage/records.js';
import type { CapturedBody } from '../usage/spool.js';

const STRICT_RETRY_SECONDS = 2;

/** Writes the two records of an exchange, the metrics and the log line: each exactly once, whatever way it ends. */
export class Finisher {
  readonly #logger: Logger;

  constructor(private readonly deps: ProxyDependencies) {
    // The line's fields are named one by one: looking for secrets by wildcard in each would cost more than writing it.
    this.#logger = deps.logger.child({}, { redact: [] });
  }

  /** Before anything goes upstream. Throws when the request must not go there without a record of it. */
  start(exchange: Exchange, decision: DecisionRecord): void {
    this.note(exchange, decision);
    if (exchange.recorded || !this.deps.config.capture.strict) return;
    throw new ProxyError(
      'capture_unavailable',
      'There is no room for the record of this request, and PROXY_CAPTURE_MODE is strict; nothing was sent. ' +
        'See spool of /admin/state.',
      { retryAfterSeconds: STRICT_RETRY_SECONDS },
    );
  }

  /** The same for what runs already. */
  note(exchange: Exchange, decision: DecisionRecord): void {
    exchange.recorded = this.deps.spool.started(startedRecord(exchange, decision, this.deps.instanceId));
  }

  /** Before the last byte goes to the client. A second call does nothing. */
  finish(exchange: Exchange, ending: Ending, response: CapturedBody | null): void {
    if (exchange.finished) return;
    exchange.finished = true;
    const { clock, config, spool, metrics, traces, instanceId } = this.deps;
    const now = clock.now();
    const { usage, cost, ...model } = this.#spent(exchange, ending, now);
    const { untold, backgroundId } = untoldUse(exchange, ending, usage);
    const answerBytes = ending.tap?.answerBytes ?? 0;
    const terms = { usage, cost, untold, backgroundId, answerBytes, ...model };
    const charge = this.deps.limits.settle(exchange.caller.key, exchange.hold, terms, exchange.startedAt);
    const record = finishedRecord(exchange, ending, { usage, cost, charge }, now, instanceId);
    spool.finished(record, { request: captureRequest(exchange, config.capture.maxBytes), response });
    metrics.observe(record, exchange.transport);
    traces?.record(tracedRequest(exchange, record, instanceId));
    this.#log(exchange, ending, record);
  }

  #spent(
    exchange: Exchange,
    ending: Ending,
    now: number,
  ): Omit<Spent, 'untold' | 'backgroundId' | 'answerBytes'> {
    const usage = usageOf(exchange, ending);
    const { resourceId, tap } = ending;
    const asked = askedFor(exchange.hints, ending.bindings);
    const [servedModel, tier] = [tap?.servedModel ?? null, tap?.serviceTier ?? null];
    const cost = this.deps.prices.costOf({ asked, served: servedModel, resourceId, tier, usage }, now);
    return { usage, cost, asked, servedModel, resourceId, tier };
  }

  #log(exchange: Exchange, ending: Ending, record: FinishedRecord): void {
    const line = logLine(exchange, ending, record);
    if (ending.state === 'completed' || ending.state === 'client_aborted') this.#logger.info(line, 'request');
    else this.#logger.warn(line, 'request');
  }
}
