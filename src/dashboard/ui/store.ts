import { signal } from '@preact/signals';
import type { AdminState, RequestRow } from './wire.js';

export type Connection = 'connecting' | 'live' | 'away' | 'signed_out';

export const connection = signal<Connection>('connecting');
/** Why the API is away, in the words of the last error. */
export const awayBecause = signal('');
export const state = signal<AdminState | null>(null);
export const requests = signal<readonly RequestRow[] | null>(null);
/** Why the request list is not fresh; the live part does not depend on it. */
export const requestsError = signal('');
/** In memory only: a reload asks again, and no script of another page can read it. */
export const token = signal('');
