import type { UpstreamSink } from '../../upstream/upstream-call.js';
import type { Exchange } from '../exchange.js';
import type { ProxyDependencies } from '../proxy-dependencies.js';
import { ListEditor } from './list-editor.js';
import { listedAliases } from './listed-alias.js';

/** Who hears the answer to `GET /v1/models`: the same as ever when the caller could name all of it and no alias. */
export function forCaller(
  sink: UpstreamSink,
  { models }: Pick<ProxyDependencies, 'models'>,
  { caller, hints }: Pick<Exchange, 'caller' | 'hints'>,
): UpstreamSink {
  const listed = listedAliases(models, caller.key, hints?.poolId ?? null);
  const allowed = caller.key?.allowedModels ?? null;
  return listed.length === 0 && allowed === null ? sink : new ListEditor(sink, listed, allowed);
}
