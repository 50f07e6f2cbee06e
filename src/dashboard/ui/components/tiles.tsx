import type { JSX } from 'preact';
import { compact, count, dollars, duration, percent, ratio } from '../format.js';
import { connection } from '../store.js';
import type { AdminState } from '../wire.js';
import type { SeriesPoint } from '../wire-history.js';

const UNKNOWN = {
  requests: null,
  failed: 0,
  input_tokens: null,
  cached_tokens: null,
  cost_usd: null,
  latency_p95_ms: null,
};

/** The figures somebody looks for first. */
export function Tiles(props: { state: AdminState; totals: SeriesPoint | null }): JSX.Element {
  const totals = props.totals ?? UNKNOWN;
  const live = connection.value === 'live';
  return (
    <dl class="tiles" aria-label="Figures">
      <Tile
        name={live ? 'In flight now' : 'In flight, last known'}
        value={count(props.state.fleet_in_flight)}
        tone={live ? undefined : 'stale'}
      />
      <Tile name="Requests" value={compact(totals.requests)} />
      <Tile name="Failed" value={percentOf(totals)} tone={totals.failed > 0 ? 'bad' : undefined} />
      <Tile name="Tokens in" value={compact(totals.input_tokens)} />
      <Tile name="Cached share" value={percent(ratio(totals.cached_tokens, totals.input_tokens))} />
      <Tile name="Cost" value={dollars(totals.cost_usd)} />
      <Tile name="Latency, 95 %" value={duration(totals.latency_p95_ms)} />
    </dl>
  );
}

function percentOf(totals: { readonly failed: number; readonly requests: number | null }): string {
  const part = ratio(totals.failed, totals.requests);
  return part !== null && part > 0 && part < 0.01 ? '< 1 %' : percent(part);
}

function Tile(props: { name: string; value: string; tone?: 'bad' | 'stale' | undefined }): JSX.Element {
  return (
    <div>
      <dt>{props.name}</dt>
      <dd class={props.tone}>{props.value}</dd>
    </div>
  );
}
