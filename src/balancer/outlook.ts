import type { Choice } from './decide.js';

/** Whether there would be a place now, and if not, when there may be one. */
export interface Outlook {
  readonly ready: boolean;
  /** `steadyNow`; null = nobody is due. */
  readonly freeAt: number | null;
}

/** What a choice says to whoever only asks. */
export function outlookOf(choice: Choice): Outlook {
  return choice.kind === 'chosen' ? { ready: true, freeAt: null } : { ready: false, freeAt: choice.freeAt };
}
