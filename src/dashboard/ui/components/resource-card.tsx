import type { JSX } from 'preact';
import { sendJson } from '../api.js';
import { now } from '../clock.js';
import { compact, count, duration, percent, span, words } from '../format.js';
import { limitsLeft } from '../limits-left.js';
import { href } from '../router.js';
import type { Decision, ResourceHealth, ResourceState } from '../wire.js';
import { ProbeButton } from './probe-button.js';

const STATUS_WORDS = {
  healthy: 'Healthy',
  degraded: 'Degraded',
  unhealthy: 'Unhealthy',
  unknown: 'Not known yet',
} as const;

export function ResourceCard(props: {
  resource: ResourceState;
  decisions: readonly Decision[];
}): JSX.Element {
  const { resource } = props;
  const { health } = resource;
  const cap = resource.max_concurrency === null ? '' : ` of ${resource.max_concurrency}`;
  return (
    <li class="card" data-resource={resource.id}>
      <h3>
        <a href={href('/requests', { resource_id: resource.id })}>{resource.id}</a>{' '}
        <span class={`health ${health.status}`}>{STATUS_WORDS[health.status]}</span>
      </h3>
      <p>
        {words(health.reason)}, for {span(now.value - health.since)}
      </p>
      <Cooldown health={health} />
      {health.detail !== null && <p class="hint">{health.detail}</p>}
      <dl>
        <Row name="In flight" value={`${resource.in_flight}${cap}`} />
        <Row name="Pool" value={resource.pool_id ?? 'none'} />
        <Row name="Weight" value={String(resource.weight)} />
        <Row name="Organisation" value={resource.organization ?? 'not known yet'} />
        <Row name="Key from" value={resource.origin} />
        <Row name="Last check" value={lastProbe(health)} />
        <Row name="Prompt cache" value={promptCache(resource)} />
        {limitsLeft(resource.id, props.decisions).map(({ model, requests, tokens }) => (
          <Row
            key={model}
            name={`Left for ${model}`}
            value={`${compact(requests)} requests, ${compact(tokens)} tokens`}
          />
        ))}
        {resource.denied_models.length > 0 && (
          <Row name="Refuses" value={resource.denied_models.join(', ')} />
        )}
      </dl>
      <ProbeButton label="Probe now" name={`Probe now: ${resource.id}`} ask={() => probe(resource.id)} />
    </li>
  );
}

async function probe(id: string): Promise<string> {
  const path = `/admin/resources/${encodeURIComponent(id)}/probe`;
  const { message, fix } = await sendJson<{ message: string; fix: string | null }>('POST', path);
  return fix === null ? message : `${message} ${fix}`;
}

function Row(props: { name: string; value: string }): JSX.Element {
  return (
    <div>
      <dt>{props.name}</dt>
      <dd>{props.value}</dd>
    </div>
  );
}

/** The measured share of prompts that came out of the cache. */
function promptCache({ input_tokens, cache_hit_rate, recent_cache_hit_rate }: ResourceState): string {
  if (cache_hit_rate === null) return 'not known yet';
  const all = `${percent(cache_hit_rate)} of ${count(input_tokens)} tokens`;
  return recent_cache_hit_rate === null
    ? all
    : `${all}, ${percent(recent_cache_hit_rate)} in the last 15 min`;
}

/** Counts down by the server's clock. */
function Cooldown({ health }: { health: ResourceHealth }): JSX.Element | null {
  if (health.until === null || health.until <= now.value) return null;
  return (
    <p class="cooldown">
      {`Nothing is sent there for another `}
      <strong role="timer">{clock(health.until - now.value)}</strong>
    </p>
  );
}

function clock(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

function lastProbe(health: ResourceHealth): string {
  if (health.last_probe_at === null) return 'not yet';
  const ago = `${span(now.value - health.last_probe_at)} ago`;
  if (health.last_probe_error !== null) return `${health.last_probe_error}, ${ago}`;
  return `${health.last_probe_status ?? 'no answer'} in ${duration(health.last_probe_latency_ms)}, ${ago}`;
}
