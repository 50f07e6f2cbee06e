import type { BindingKind } from './live-state.js';

const HARD: ReadonlySet<BindingKind> = new Set(['response', 'conversation', 'item']);

/** Only who made it can serve it. */
export function isHard({ kind }: { readonly kind: BindingKind }): boolean {
  return HARD.has(kind);
}

/** It only helps: without it a prompt cache may be lost, and nothing else. */
export function onlyHelps({ kind }: { readonly kind: BindingKind }): boolean {
  return kind === 'session' || kind === 'thread';
}
