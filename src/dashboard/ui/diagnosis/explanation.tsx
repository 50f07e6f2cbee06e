import type { JSX } from 'preact';
import { Candidates } from '../components/candidates.js';
import { words } from '../format.js';
import type { RouteExplanation } from './diagnosis-wire.js';
import { Fallbacks } from './fallbacks.js';

/** Where it would go, in a sentence and as a table of all who were considered. */
export function Explanation(props: { explained: RouteExplanation }): JSX.Element {
  const { candidates, resource_id, explanation, fallbacks, reason, affinity_class } = props.explained;
  const used = fallbacks.find((one) => one.used) ?? null;
  return (
    <section aria-labelledby="explanation-title" class="explanation">
      <h2 id="explanation-title" class={resource_id === null && used === null ? 'bad' : 'good'}>
        {headline(resource_id, used)}
      </h2>
      <p class="answer">{explanation}</p>
      <p class="hint">{`Reason: ${words(reason)}; affinity: ${affinity_class}.`}</p>
      <Candidates
        caption="Candidates of the imagined request"
        candidates={[...candidates].sort((a, b) => Number(b.chosen) - Number(a.chosen))}
      />
      <Fallbacks fallbacks={fallbacks} />
    </section>
  );
}

function headline(resourceId: string | null, used: RouteExplanation['fallbacks'][number] | null): string {
  if (resourceId !== null) return `It would go to ${resourceId}`;
  if (used === null) return 'It would go nowhere';
  return `It would fall back on ${used.model} and go to ${used.resource_id ?? 'nobody'}`;
}
