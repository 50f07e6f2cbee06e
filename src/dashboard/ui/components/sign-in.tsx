import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { signIn } from '../live.js';
import { awayBecause } from '../store.js';

export function SignIn(): JSX.Element {
  const value = useSignal('');
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  const submit = (event: Event): void => {
    event.preventDefault();
    if (value.value !== '') signIn(value.value);
  };
  return (
    <form class="card sign-in" onSubmit={submit}>
      <h1>Sign in</h1>
      <p role="alert">{awayBecause.value}</p>
      <label for="token">Admin token (PROXY_ADMIN_TOKEN)</label>
      <input
        id="token"
        ref={field}
        type="password"
        autocomplete="off"
        value={value.value}
        onInput={(event) => {
          value.value = event.currentTarget.value;
        }}
      />
      <button type="submit" class="primary">
        Sign in
      </button>
      <p class="hint">It is kept in this page's memory only and is gone after a reload.</p>
    </form>
  );
}
