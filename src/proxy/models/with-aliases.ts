import type { UpstreamSink } from '../../upstream/upstream-call.js';
import type { Exchange } from '../exchange.js';
import type { ProxyDependencies } from '../proxy-dependencies.js';
import { ListExtender } from './list-extender.js';
import { listedAliases } from './listed-alias.js';

/** Who hears the answer to `GET /v1/models`: the same as ever when there is no alias that the caller could name. */
export function withAliases(
  sink: UpstreamSink,
  { models }: Pick<ProxyDependencies, 'models'>,
  { caller, hints }: Pick<Exchange, 'caller' | 'hints'>,
): UpstreamSink {
  const listed = listedAliases(models, caller.key, hints?.poolId ?? null);
  return listed.length === 0 ? sink : new ListExtender(sink, listed);
}
