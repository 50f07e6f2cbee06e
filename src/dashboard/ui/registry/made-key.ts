import { effect, signal } from '@preact/signals';
import { NEW, route } from '../router.js';
import type { CreatedKey } from './registry-wire.js';

/** Outlives signing in again, which takes the page's place, but not leaving the page. */
export const madeKey = signal<CreatedKey | null>(null);

effect(() => {
  const [page, id] = route.value.path;
  if (page !== 'keys' || id !== NEW) madeKey.value = null;
});
