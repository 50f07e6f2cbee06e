import type { JSX } from 'preact';
import type { DiagnosedKey } from './diagnosis-wire.js';

const FEW = 4;

/** What a key lists: the first ones, and all of them on request. */
export function Models({ of: { models, denied_models: denied } }: { of: DiagnosedKey }): JSX.Element {
  return (
    <>
      {models === null ? 'it did not say' : <Listed models={models} />}
      {denied.length > 0 && <span class="why">{`refused for ${denied.join(', ')}`}</span>}
    </>
  );
}

function Listed({ models }: { models: readonly string[] }): JSX.Element {
  if (models.length <= FEW) return <span class="wraps">{models.join(', ') || 'none listed'}</span>;
  return (
    <details>
      <summary>{`${models.slice(0, FEW).join(', ')} and ${models.length - FEW} more`}</summary>
      <span class="wraps">{models.slice(FEW).join(', ')}</span>
    </details>
  );
}
