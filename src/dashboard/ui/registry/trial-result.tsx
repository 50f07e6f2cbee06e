import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { words } from '../format.js';
import type { Trial, TrialStep } from './registry-wire.js';

const MARKS = { ok: '✓', failed: '✗', skipped: '–' } as const;
const TONES = { ok: 'good', failed: 'bad', skipped: 'hint' } as const;
const STATUS_WORDS = { ok: 'works', failed: 'fails', skipped: 'not tried' } as const;

/** What a trial found, step by step. `outdated`: the form has been changed since. */
export function TrialResult(props: { trial: Trial | null; outdated: boolean }): JSX.Element {
  const { trial } = props;
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // Below a long form it would come unseen.
    if (trial !== null) place.current?.scrollIntoView({ block: 'nearest' });
  }, [trial]);
  return (
    <div role="status" aria-live="polite" ref={place}>
      {trial !== null && (
        <section class="card trial" aria-label="Result of the test">
          <h2>
            {trial.ok ? 'It works.' : 'It does not work yet.'}
            {props.outdated && <span class="hint"> The form has been changed since.</span>}
          </h2>
          <ol class="steps">
            {trial.steps.map((step) => (
              <Step key={step.step} step={step} />
            ))}
          </ol>
        </section>
      )}
    </div>
  );
}

function Step({ step }: { step: TrialStep }): JSX.Element {
  return (
    <li data-step={step.step} data-status={step.status}>
      <span class={`mark ${TONES[step.status]}`} aria-hidden="true">
        {MARKS[step.status]}
      </span>
      <div>
        <strong>{words(step.step)}</strong>{' '}
        <span class={TONES[step.status]}>{STATUS_WORDS[step.status]}</span>
        <p>{step.message}</p>
        {step.fix !== null && <p class="fix">{`To do: ${step.fix}`}</p>}
      </div>
    </li>
  );
}
