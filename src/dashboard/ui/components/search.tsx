import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { messageOf } from '../api.js';
import { find } from '../find.js';
import { go } from '../router.js';
import { connection } from '../store.js';

/** Takes whatever somebody has copied from a log, and goes to it. */
export function Search(): JSX.Element {
  const text = useSignal('');
  const refused = useSignal('');
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const wanted = text.value.trim();
    refused.value = '';
    if (wanted === '') return;
    try {
      const { path, query } = await find(wanted);
      text.value = '';
      go(path, query);
    } catch (error: unknown) {
      // What was typed stays, to be tried again.
      refused.value = messageOf(error);
    }
  };
  return (
    <form
      class="search"
      role="search"
      hidden={connection.value === 'signed_out'}
      onSubmit={(event) => void submit(event)}
    >
      <input
        type="search"
        aria-label="Go to a request, session, key, model or status"
        placeholder="Id, session, key, model, status"
        spellcheck={false}
        value={text.value}
        onInput={(event) => (text.value = event.currentTarget.value)}
      />
      <button type="submit">Go</button>
      {refused.value !== '' && (
        <p class="bad" role="alert">
          {refused.value}
        </p>
      )}
    </form>
  );
}
