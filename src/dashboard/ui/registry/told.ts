import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

const said = signal('');

/** What has just worked, for the page that is gone to next. */
export function tell(text: string): void {
  said.value = text;
}

/** Until this page is left. */
export function useTold(): string {
  useEffect(
    () => () => {
      said.value = '';
    },
    [],
  );
  return said.value;
}
