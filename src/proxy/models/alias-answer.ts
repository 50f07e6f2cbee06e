import { ProxyError } from '../../common/errors.js';
import type { Exchange } from '../exchange.js';
import { checkModel } from '../../balancer/key-terms.js';
import type { Finisher } from '../finisher.js';
import type { ProxyDependencies } from '../proxy-dependencies.js';
import { sendHeldAnswer } from '../send-answer.js';
import { mayName, modelObject } from './listed-alias.js';

const PREFIX = '/v1/models/';

/**
 * Answers `GET /v1/models/{alias}`, which no upstream knows. False = it names none. Throws `forbidden` where the model is
 * not for the caller's key, whoever knows it.
 */
export function answerAlias(
  { models }: Pick<ProxyDependencies, 'models'>,
  finisher: Finisher,
  exchange: Exchange,
): boolean {
  const { route, hints, caller, res, id } = exchange;
  const name = route?.pathWithoutQuery.slice(PREFIX.length) ?? null;
  const alias = models.find(name);
  const pin = models.pinOf(name);
  if (alias === null || pin === null) {
    checkModel(caller.key, name);
    return false;
  }
  if (!mayName(caller.key, hints?.poolId ?? null, pin))
    throw new ProxyError(
      'forbidden',
      `The model "${pin.alias}" is not for your client key, or not in the pool you ask for.`,
      { param: 'model' },
    );
  const body = Buffer.from(JSON.stringify(modelObject(alias)));
  const headers = {
    'content-type': 'application/json',
    'content-length': String(body.length),
    'x-content-type-options': 'nosniff',
    'x-proxy-request-id': id,
    'x-proxy-reason': 'alias',
  };
  exchange.firstByteMs ??= exchange.elapsed();
  finisher.finish(
    exchange,
    {
      state: exchange.clientGone ? 'client_aborted' : 'completed',
      statusCode: 200,
      resourceId: null,
      errorCode: null,
      errorMessage: null,
      errorSource: null,
      upstreamRequestId: null,
      responseBytes: body.length,
      tap: null,
      bindings: [],
    },
    null,
  );
  sendHeldAnswer(res, 200, Object.entries(headers).flat(), body);
  return true;
}
