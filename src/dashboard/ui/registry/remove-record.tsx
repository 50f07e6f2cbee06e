import type { ComponentChildren, JSX } from 'preact';
import { sendJson } from '../api.js';
import { ConfirmButton } from '../forms/confirm-button.js';
import { dropForm } from '../forms/use-form.js';
import { go } from '../router.js';
import { tell } from './told.js';

interface Props {
  /** Of the record, in the API. */
  readonly path: string;
  /** The page that lists its kind. */
  readonly list: string;
  /** What people call the record. */
  readonly called: string;
  /** Name of its form, of which nothing stays. */
  readonly form: string;
  /** What happens then, as list items. */
  readonly children: ComponentChildren;
}

/** Removes a record of the registry, once somebody has read what happens then. */
export function RemoveRecord({ path, list, called, form, children }: Props): JSX.Element {
  const remove = async (): Promise<void> => {
    await sendJson('DELETE', path);
    dropForm(form);
    tell(`${called} is removed.`);
    go(list);
  };
  return (
    <ConfirmButton
      label="Remove…"
      title={`Remove ${called}?`}
      confirm="Remove it"
      keep="Keep it"
      onConfirm={remove}
    >
      <ul class="plain-list">{children}</ul>
    </ConfirmButton>
  );
}
