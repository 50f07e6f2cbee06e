import { signal } from '@preact/signals';
import type { AdminState } from './wire.js';

export type Connection = 'connecting' | 'live' | 'away' | 'signed_out';

export const connection = signal<Connection>('connecting');
/** Why the API is away or wants a token, in a sentence. */
export const awayBecause = signal('');
export const state = signal<AdminState | null>(null);
/** Counts up when history may have new rows: after a change, at most once a second, and every few seconds anyway. */
export const changes = signal(0);
/** In memory only: a reload asks again, and no script of another page can read it. */
export const token = signal('');
