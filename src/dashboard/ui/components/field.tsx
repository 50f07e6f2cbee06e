import type { JSX, TargetedEvent } from 'preact';
import { useId } from 'preact/hooks';

export interface Choice {
  readonly value: string;
  readonly label: string;
}

interface Props {
  readonly label: string;
  readonly value: string;
  readonly onValue: (value: string) => void;
  readonly hint?: string | undefined;
  readonly error?: string | null | undefined;
  /** A select of these; without them an input. */
  readonly choices?: readonly Choice[];
  /** A textarea of so many lines. */
  readonly lines?: number;
  readonly type?: 'text' | 'password' | 'number' | 'url' | 'search' | 'datetime-local';
  readonly name?: string;
  readonly required?: boolean;
  readonly disabled?: boolean;
  readonly placeholder?: string;
  /** `change` waits until the field is left or Enter is pressed. */
  readonly on?: 'input' | 'change';
  /** Offered while typing. */
  readonly suggestions?: readonly string[] | undefined;
}

/** Label, control, hint and error, tied together for whoever hears them. */
export function Field(props: Props): JSX.Element {
  const id = useId();
  const { hint, error } = props;
  const wrong = error !== undefined && error !== null && error !== '';
  const described = [hint === undefined ? '' : `${id}-hint`, wrong ? `${id}-error` : ''].join(' ').trim();
  return (
    <div class="field">
      <label for={id}>
        {props.label}
        {props.required === true && <span class="hint"> (required)</span>}
      </label>
      <Control {...props} id={id} described={described} wrong={wrong} />
      {hint !== undefined && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {wrong && (
        <p class="bad" role="alert" id={`${id}-error`}>
          {error}
        </p>
      )}
    </div>
  );
}

type ControlProps = Props & { readonly id: string; readonly described: string; readonly wrong: boolean };
type Control = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

function Control(props: ControlProps): JSX.Element {
  const { choices, lines, suggestions, value } = props;
  const take = (event: TargetedEvent<Control>): void => props.onValue(event.currentTarget.value);
  const shared = {
    id: props.id,
    name: props.name,
    required: props.required === true,
    disabled: props.disabled === true,
    'aria-describedby': props.described === '' ? undefined : props.described,
    'aria-invalid': props.wrong,
  };
  if (choices !== undefined)
    return (
      <select {...shared} value={value} onChange={take}>
        {choices.map((choice) => (
          <option key={choice.value} value={choice.value} selected={choice.value === value}>
            {choice.label}
          </option>
        ))}
      </select>
    );
  const listening = props.on === 'change' ? { onChange: take } : { onInput: take };
  // Preact ties the allowed roles to each type; none is set here.
  const type = (props.type ?? 'text') as 'text';
  const typed = { ...shared, ...listening, value, placeholder: props.placeholder, spellcheck: false };
  if (lines !== undefined) return <textarea {...typed} rows={lines} />;
  if (suggestions === undefined) return <input {...typed} type={type} autocomplete="off" />;
  return (
    <>
      <input {...typed} type={type} autocomplete="off" list={`${props.id}-list`} />
      <datalist id={`${props.id}-list`}>
        {suggestions.map((text) => (
          <option key={text} value={text} />
        ))}
      </datalist>
    </>
  );
}
