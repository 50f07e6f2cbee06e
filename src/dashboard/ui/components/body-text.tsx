import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import type { Carried } from '../carried-text.js';

/** A body in the most readable form first, and as it was. Always as text: Preact escapes it, nothing is ever markup. */
export function BodyText(props: {
  name: string;
  text: string;
  carried: Carried | null;
  pretty: string | null;
}): JSX.Element {
  const raw = useSignal(false);
  const { carried, pretty } = props;
  const better = carried !== null ? 'The text it carried' : pretty !== null ? 'Indented' : null;
  return (
    <>
      {better !== null && (
        <fieldset class="switch">
          <legend class="unseen">{`How to show the ${props.name} body`}</legend>
          <Choice name={props.name} label={better} on={!raw.value} choose={() => (raw.value = false)} />
          <Choice name={props.name} label="As it was" on={raw.value} choose={() => (raw.value = true)} />
        </fieldset>
      )}
      {raw.value || better === null ? (
        <Text name={props.name}>{props.text}</Text>
      ) : carried !== null ? (
        <CarriedText name={props.name} carried={carried} />
      ) : (
        <Text name={props.name}>{pretty ?? ''}</Text>
      )}
    </>
  );
}

function CarriedText({ name, carried }: { name: string; carried: Carried }): JSX.Element {
  return (
    <>
      <p class="hint">{`${carried.events} events`}</p>
      {carried.parts.length === 0 && <p class="hint">They carried no text.</p>}
      {carried.parts.map((part, n) => (
        <div key={n}>
          <h4>{part.title}</h4>
          <Text name={`${name} ${n + 1}`}>{part.text}</Text>
        </div>
      ))}
    </>
  );
}

function Text(props: { name: string; children: string }): JSX.Element {
  return (
    <pre class="text" tabIndex={0} role="group" aria-label={`Body of the ${props.name}`}>
      {props.children}
    </pre>
  );
}

function Choice(props: { name: string; label: string; on: boolean; choose: () => void }): JSX.Element {
  return (
    <label>
      <input type="radio" name={`form-${props.name}`} checked={props.on} onChange={props.choose} />{' '}
      {props.label}
    </label>
  );
}
