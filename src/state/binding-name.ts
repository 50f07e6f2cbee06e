import type { BindingKey } from './live-state.js';

/** Kinds hold no NUL and come first, callers' ids hold none either: no two keys share a name. */
export function nameOf({ kind, callerId, id }: BindingKey): string {
  return `${kind}\0${callerId}\0${id}`;
}
