import type { DecisionRecord } from '../state/live-state.js';
import type { Affinity } from './affinity.js';
import type { Choice } from './decide.js';

/** One sentence on why the chosen resource was chosen. */
export function explainChoice(choice: Extract<Choice, { kind: 'chosen' }>, affinity: Affinity): string {
  const winner = choice.candidates[choice.index];
  const id = winner?.resourceId ?? '';
  const why = reasonText(choice, affinity, winner?.load ?? 0);
  const note = affinityNote(choice, affinity);
  return note === '' ? `${id} ${why}.` : `${id} ${why}; ${note}.`;
}

function reasonText(choice: Extract<Choice, { kind: 'chosen' }>, affinity: Affinity, load: number): string {
  switch (choice.reason) {
    case 'affinity_hit':
      return hitText(affinity);
    case 'organization_sibling':
      return 'belongs to the organisation of the owner, which cannot take the request itself';
    case 'least_connections':
      return `has the least load (${load.toFixed(2)}) of ${choice.usable} usable resources`;
    case 'only_candidate':
      return 'is the only usable resource';
    case 'retry_elsewhere':
      return `takes over after another resource could not serve (load ${load.toFixed(2)})`;
    case 'last_resort':
      return 'is the least bad choice: every resource is out because of errors';
    case 'model_denied_everywhere':
      return 'is asked again although it refused this model before, as every other did';
    case 'connection':
      return 'holds the WebSocket connection this response goes over';
    default:
      return choice.reason satisfies never;
  }
}

function hitText({ rule, kind, via }: Affinity): string {
  if (rule === 'owner') return `owns what the request refers to (${kind})`;
  if (rule === 'organization')
    return via === null
      ? 'made the encrypted content in the request'
      : `served the ${via} that the encrypted content belongs to`;
  return `served this conversation before (${via ?? kind})`;
}

function affinityNote(choice: Extract<Choice, { kind: 'chosen' }>, affinity: Affinity): string {
  const { rule, owner, sealedBy } = affinity;
  if (affinity.unknownOwner)
    return `the owner of ${affinity.kind === 'sealed' ? 'the encrypted content' : affinity.kind} is not known here, so the upstream decides`;
  if (rule === 'prefer' && choice.reason !== 'affinity_hit')
    return choice.ownerOverloaded
      ? 'the resource it was on is too busy'
      : 'the resource it was on cannot serve now';
  if (rule === 'owner' && sealedBy !== null && owner !== null && sealedBy.fingerprint !== owner.fingerprint)
    return 'the encrypted content beside it was made by another key, and the reference decides';
  return '';
}

/** How the wish for a certain resource fared. */
export function affinityResult(choice: Choice, affinity: Affinity): DecisionRecord['affinityResult'] {
  if (choice.kind === 'refused' && choice.reason === 'affinity_lost') return 'lost';
  if (affinity.class === 'free') return 'none';
  if (affinity.unknownOwner || affinity.owner === null) return 'miss';
  if (choice.kind === 'refused') return affinity.rule === 'prefer' ? 'moved' : 'hit';
  if (affinity.rule !== 'prefer') return 'hit';
  // Last resort and missing models can land on the preferred one, too.
  return choice.candidates[choice.index]?.chosen === true && choice.reason === 'affinity_hit'
    ? 'hit'
    : 'moved';
}
