import type { JSX } from 'preact';
import { count, duration, words } from '../format.js';
import type { Decision } from '../wire.js';
import { Candidates } from './candidates.js';
import { RequestLink, SessionLink } from './links.js';
import { Time } from './time.js';

export const NO_DECISIONS = 'None yet. Each request shows here why it went where it went.';

/** Decisions in words; each opens into its candidates. */
export function Decisions(props: { decisions: readonly Decision[]; busy?: boolean }): JSX.Element {
  return (
    <ul class="decisions" aria-busy={props.busy === true}>
      {props.decisions.map((decision) => (
        <li key={decision.id} data-decision={decision.id}>
          <details>
            <summary>
              <Time at={decision.at} /> <DecisionWords decision={decision} />
            </summary>
            <DecisionFacts decision={decision} />
          </details>
        </li>
      ))}
    </ul>
  );
}

/** Who was chosen, then why; most explanations begin with who. */
export function DecisionWords({ decision }: { decision: Decision }): JSX.Element {
  const { resource_id: id, explanation } = decision;
  const why =
    id !== null && explanation.startsWith(`${id} `) ? explanation.slice(id.length) : ` ${explanation}`;
  return (
    <>
      <strong class={id === null ? 'bad' : ''}>{id ?? 'nobody:'}</strong>
      {why}
    </>
  );
}

export function DecisionFacts({ decision }: { decision: Decision }): JSX.Element {
  return (
    <>
      <p class="hint facts">
        {words(decision.reason)} · {basis(decision)} · {decision.model ?? 'no model'}
        {decision.pool_id === null ? '' : ` · pool ${decision.pool_id}`} · attempt {decision.attempt}
        {costs(decision)} · request <RequestLink id={decision.request_id} />
        {decision.session_id !== null && (
          <>
            {' '}
            · session <SessionLink id={decision.session_id} />
          </>
        )}
      </p>
      <Candidates
        candidates={decision.candidates}
        caption={`Candidates of ${decision.request_id}, attempt ${decision.attempt}`}
      />
    </>
  );
}

function basis({ affinity_class, affinity_kind, affinity_result }: Decision): string {
  const by = affinity_kind === null ? '' : ` by ${words(affinity_kind)}`;
  return `${affinity_class} affinity${by}${affinity_result === 'none' ? '' : `, ${affinity_result}`}`;
}

/** What the decision cost the request: the wait before it, and the cache it left. */
function costs({ waited_ms, cached_tokens_at_stake }: Decision): string {
  const waited = waited_ms === null || waited_ms === 0 ? '' : ` · waited ${duration(waited_ms)}`;
  const left =
    cached_tokens_at_stake === null ? '' : ` · up to ${count(cached_tokens_at_stake)} cached tokens at stake`;
  return waited + left;
}
