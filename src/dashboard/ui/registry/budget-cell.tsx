import type { JSX } from 'preact';
import { compact, count, dollars } from '../format.js';
import type { KeyUse } from './registry-wire.js';

/** What a key has used of a day or month, and what is left of its budget. */
export function BudgetCell(props: {
  /** Whose, for those who hear it. */
  readonly of: string;
  readonly use: KeyUse | null;
  readonly tokens: number | null;
  readonly cost: number | null;
}): JSX.Element {
  const { use, of } = props;
  if (use === null) return <span class="hint">not known now</span>;
  return (
    <>
      <Part of={`${of}, tokens`} used={use.tokens} limit={props.tokens} text={compact} unit=" tokens" />
      <Part of={`${of}, cost`} used={use.cost_usd} limit={props.cost} text={dollars} />
      {use.unpriced_requests > 0 && (
        <span class="why">{`${count(use.unpriced_requests)} requests of unknown price`}</span>
      )}
    </>
  );
}

function Part(props: {
  of: string;
  used: number;
  limit: number | null;
  text: (value: number) => string;
  unit?: string;
}): JSX.Element {
  const { used, limit, text, unit = '' } = props;
  if (limit === null) return <span class="budget">{`${text(used)}${unit} used`}</span>;
  const left = Math.max(0, limit - used);
  return (
    <span class="budget">
      <span
        class={left === 0 ? 'bad' : ''}
        title={`${count(left)} of ${count(limit)}`}
      >{`${text(left)} of ${text(limit)}${unit} left`}</span>
      <meter
        aria-label={props.of}
        min={0}
        max={limit}
        high={limit * 0.8}
        optimum={0}
        value={Math.min(used, limit)}
      />
    </span>
  );
}
