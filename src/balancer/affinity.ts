import type { AffinityBinding, AffinityClass, BindingKind } from '../state/live-state.js';
import type { RoutingHints } from './routing-hints.js';

/** The caller's binding for an id, or null. */
export type BindingLookup = (kind: BindingKind, id: string) => AffinityBinding | null;

/**
 * Where a request must or should go.
 * `owner`: to the key that holds what it refers to. `organization`: where its encrypted content can be read.
 * `prefer`: where its session was. `any`: nothing ties it.
 */
export interface Affinity {
  /** What the request asks for. */
  readonly class: AffinityClass;
  readonly kind: string | null;
  /** What can be done about it with what is known. */
  readonly rule: 'owner' | 'organization' | 'prefer' | 'any';
  readonly owner: AffinityBinding | null;
  /** What named the owner when it is not the thing itself, e.g. `session` for content of an unknown origin. */
  readonly via: string | null;
  /** The request asks for more than is known: its hard reference or its encrypted content belongs to nobody we know. */
  readonly unknownOwner: boolean;
  /** The maker of encrypted content beside a hard reference. They should agree; if not, the reference wins. */
  readonly sealedBy: AffinityBinding | null;
}

interface Found {
  readonly kind: string;
  readonly binding: AffinityBinding | null;
}

/**
 * One ordered decision instead of filters that overrule each other: what must (`hard`) before what can only be read by
 * one organisation (`boundary`) before what had better (`soft`). Where the owner is unknown the request goes by the
 * next weaker rule: the upstream's own error is what clients recover from.
 */
export function resolveAffinity(hints: RoutingHints, lookup: BindingLookup): Affinity {
  const hard = findHard(hints, lookup);
  const sealed = findSealed(hints, lookup);
  const { sealedDigests } = hints;
  if (hard !== null && hard.binding !== null) {
    const sealedBy = sealed === null || sealed.via !== null ? null : sealed.binding;
    return affinity('hard', hard.kind, 'owner', hard.binding, null, false, sealedBy);
  }
  if (sealed !== null) {
    const asked = hard === null ? 'boundary' : 'hard';
    return affinity(asked, hard?.kind ?? 'sealed', 'organization', sealed.binding, sealed.via, hard !== null);
  }
  const soft = findSoft(hints, lookup);
  const asked = hard !== null ? 'hard' : sealedDigests.length > 0 ? 'boundary' : null;
  const kind = hard?.kind ?? (asked === null ? null : 'sealed');
  if (soft !== null && soft.binding !== null)
    return affinity(asked ?? 'soft', kind ?? soft.kind, 'prefer', soft.binding, soft.kind, asked !== null);
  if (soft !== null) return affinity(asked ?? 'soft', kind ?? soft.kind, 'any', null, null, asked !== null);
  return affinity(asked ?? 'free', kind, 'any', null, null, asked !== null);
}

function affinity(
  asked: AffinityClass,
  kind: string | null,
  rule: Affinity['rule'],
  owner: AffinityBinding | null,
  via: string | null,
  unknownOwner: boolean,
  sealedBy: AffinityBinding | null = null,
): Affinity {
  return { class: asked, kind, rule, owner, via, unknownOwner, sealedBy };
}

/** The first hard reference with a known owner, else the first one. Item ids count only when their owner is known. */
function findHard(hints: RoutingHints, lookup: BindingLookup): Found | null {
  const { pathResponseId, previousResponseId, conversationId, itemReferenceIds } = hints;
  let first: Found | null = null;
  if (pathResponseId !== null) {
    first = { kind: 'path', binding: lookup('response', pathResponseId) };
    if (first.binding !== null) return first;
  }
  if (previousResponseId !== null) {
    const found = { kind: 'previous_response_id', binding: lookup('response', previousResponseId) };
    if (found.binding !== null) return found;
    first ??= found;
  }
  if (conversationId !== null) {
    const found = { kind: 'conversation', binding: lookup('conversation', conversationId) };
    if (found.binding !== null) return found;
    first ??= found;
  }
  for (const id of itemReferenceIds) {
    const binding = lookup('response', id);
    if (binding !== null) return { kind: 'item_reference', binding };
  }
  return first;
}

/** Who made the newest encrypted item we know, else whoever the conversation around it belongs to. */
function findSealed(
  hints: RoutingHints,
  lookup: BindingLookup,
): { binding: AffinityBinding; via: string | null } | null {
  const { sealedDigests } = hints;
  for (let i = sealedDigests.length - 1; i >= 0; i--) {
    const binding = lookup('sealed', sealedDigests[i] ?? '');
    if (binding !== null) return { binding, via: null };
  }
  if (sealedDigests.length === 0) return null;
  const soft = findSoft(hints, lookup);
  return soft === null || soft.binding === null ? null : { binding: soft.binding, via: soft.kind };
}

/** Null when the request names no session at all; a fork or sub-agent inherits from where it came. */
function findSoft(hints: RoutingHints, lookup: BindingLookup): Found | null {
  const { sessionId, threadId, parentThreadId, forkedFromThreadId } = hints;
  let named: string | null = null;
  if (sessionId !== null) {
    const binding = lookup('session', sessionId);
    if (binding !== null) return { kind: 'session', binding };
    named = 'session';
  }
  if (threadId !== null) {
    const binding = lookup('thread', threadId);
    if (binding !== null) return { kind: 'thread', binding };
    named ??= 'thread';
  }
  if (parentThreadId !== null) {
    const binding = lookup('thread', parentThreadId);
    if (binding !== null) return { kind: 'parent', binding };
    named ??= 'parent';
  }
  if (forkedFromThreadId !== null) {
    const binding = lookup('thread', forkedFromThreadId);
    if (binding !== null) return { kind: 'fork', binding };
    named ??= 'fork';
  }
  return named === null ? null : { kind: named, binding: null };
}
