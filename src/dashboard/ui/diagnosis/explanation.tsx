import type { JSX } from 'preact';
import { Candidates } from '../components/candidates.js';
import { words } from '../format.js';
import type { Decision } from '../wire.js';

/** Where it would go, in a sentence and as a table of all who were considered. */
export function Explanation({ decision }: { decision: Decision }): JSX.Element {
  const { candidates, resource_id, explanation } = decision;
  return (
    <section aria-labelledby="explanation-title" class="explanation">
      <h2 id="explanation-title" class={resource_id === null ? 'bad' : 'good'}>
        {resource_id === null ? 'It would go nowhere' : `It would go to ${resource_id}`}
      </h2>
      <p class="answer">{explanation}</p>
      <p class="hint">{`Reason: ${words(decision.reason)}; affinity: ${decision.affinity_class}.`}</p>
      <Candidates
        caption="Candidates of the imagined request"
        candidates={[...candidates].sort((a, b) => Number(b.chosen) - Number(a.chosen))}
      />
    </section>
  );
}
