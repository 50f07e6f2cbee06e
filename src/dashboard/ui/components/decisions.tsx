import type { JSX } from 'preact';
import { count, duration, timeOfDay, words } from '../format.js';
import type { Candidate, Decision } from '../wire.js';

export function Decisions(props: { decisions: readonly Decision[] }): JSX.Element {
  return (
    <section aria-labelledby="decisions-title">
      <h2 id="decisions-title">Last decisions</h2>
      {props.decisions.length === 0 && <p class="hint">Each request shows here why it went where it went.</p>}
      <ul class="decisions">
        {props.decisions.map((decision) => (
          <li key={decision.id}>
            <DecisionDetails decision={decision} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function DecisionDetails(props: { decision: Decision }): JSX.Element {
  const { decision } = props;
  const attempt = decision.attempt > 1 ? `, attempt ${decision.attempt}` : '';
  return (
    <details>
      <summary>
        <time dateTime={new Date(decision.at).toISOString()}>{timeOfDay(decision.at)}</time>{' '}
        <strong class={decision.resource_id === null ? 'bad' : ''}>{decision.resource_id ?? 'nobody'}</strong>{' '}
        {decision.explanation}
      </summary>
      <p class="hint">
        {words(decision.reason)} · {decision.affinity_class} affinity · {decision.model ?? 'no model'}
        {attempt}
        {costs(decision)} · {decision.request_id}
      </p>
      <Candidates candidates={decision.candidates} />
    </details>
  );
}

/** What the decision cost the request: the wait before it, and the cache it left. */
function costs({ waited_ms, cached_tokens_at_stake }: Decision): string {
  const waited = waited_ms === null || waited_ms === 0 ? '' : ` · waited ${duration(waited_ms)}`;
  const left =
    cached_tokens_at_stake === null ? '' : ` · ${count(cached_tokens_at_stake)} cached tokens at stake`;
  return waited + left;
}

function Candidates(props: { candidates: readonly Candidate[] }): JSX.Element {
  if (props.candidates.length === 0) return <p class="hint">There were no candidates.</p>;
  return (
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">Resource</th>
            <th scope="col">Pool</th>
            <th scope="col">Organisation</th>
            <th scope="col">Health</th>
            <th scope="col" class="number">
              In flight
            </th>
            <th scope="col" class="number">
              Weight
            </th>
            <th scope="col" class="number">
              Load
            </th>
            <th scope="col" class="number" title="Of the upstream’s limit for this model">
              Requests left
            </th>
            <th scope="col" class="number" title="Of the upstream’s limit for this model">
              Tokens left
            </th>
            <th scope="col" class="number" title="Of this session’s prompt, at its last answer">
              Tokens cached
            </th>
            <th scope="col">Outcome</th>
          </tr>
        </thead>
        <tbody>
          {props.candidates.map((candidate) => (
            <tr key={candidate.resource_id}>
              <td>{candidate.resource_id}</td>
              <td>{candidate.pool_id ?? '–'}</td>
              <td>{candidate.organization ?? '–'}</td>
              <td>{words(candidate.health)}</td>
              <td class="number">{candidate.in_flight}</td>
              <td class="number">{candidate.weight}</td>
              <td class="number">{Number(candidate.load.toFixed(2))}</td>
              <td class="number">{count(candidate.remaining_requests)}</td>
              <td class="number">{count(candidate.remaining_tokens)}</td>
              <td class="number">{count(candidate.cached_tokens)}</td>
              <td>{candidate.chosen ? 'chosen' : words(candidate.rejected ?? 'not chosen')}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
