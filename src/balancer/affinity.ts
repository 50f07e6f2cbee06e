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
  /** Where its session was served last, whatever the request has to go by. */
  readonly home: AffinityBinding | null;
}

interface Found {
  readonly kind: string;
  readonly binding: AffinityBinding | null;
}

interface SealedBy {
  readonly binding: AffinityBinding;
  readonly via: string | null;
}

/**
 * One ordered decision instead of filters that overrule each other: what must (`hard`) before what can only be read by
 * one organisation (`boundary`) before what had better (`soft`). Where the owner is unknown the request goes by the
 * next weaker rule: the upstream's own error is what clients recover from.
 */
export function resolveAffinity(hints: RoutingHints, lookup: BindingLookup): Affinity {
  const hard = findHard(hints, lookup);
  const soft = findSoft(hints, lookup);
  const home = soft === null ? null : soft.binding;
  const sealed = findSealed(hints, lookup, soft);
  if (hard !== null && hard.binding !== null) return ownedBy(hard.kind, hard.binding, sealed, home);
  if (sealed === null) return withoutOwner(hints, hard, soft, home);
  return {
    class: hard === null ? 'boundary' : 'hard',
    kind: hard === null ? 'sealed' : hard.kind,
    rule: 'organization',
    owner: sealed.binding,
    via: sealed.via,
    unknownOwner: hard !== null,
    sealedBy: null,
    home,
  };
}

function ownedBy(
  kind: string,
  owner: AffinityBinding,
  sealed: SealedBy | null,
  home: AffinityBinding | null,
): Affinity {
  const sealedBy = sealed === null || sealed.via !== null ? null : sealed.binding;
  return { class: 'hard', kind, rule: 'owner', owner, via: null, unknownOwner: false, sealedBy, home };
}

/** Nothing known binds it: its session may still say where it had better go. */
function withoutOwner(
  hints: RoutingHints,
  hard: Found | null,
  soft: Found | null,
  owner: AffinityBinding | null,
): Affinity {
  const asked = askedFor(hints, hard, soft);
  return {
    class: asked.class,
    kind: asked.kind,
    rule: owner === null ? 'any' : 'prefer',
    owner,
    via: owner === null || soft === null ? null : soft.kind,
    unknownOwner: asked.class === 'hard' || asked.class === 'boundary',
    sealedBy: null,
    home: owner,
  };
}

function askedFor(
  hints: RoutingHints,
  hard: Found | null,
  soft: Found | null,
): { readonly class: AffinityClass; readonly kind: string | null } {
  if (hard !== null) return { class: 'hard', kind: hard.kind };
  if (hints.sealedDigests.length > 0) return { class: 'boundary', kind: 'sealed' };
  return soft === null ? { class: 'free', kind: null } : { class: 'soft', kind: soft.kind };
}

/** The first hard reference with a known owner, else the first one. Ids of items and containers count only when their owner is known. */
function findHard(hints: RoutingHints, lookup: BindingLookup): Found | null {
  const { pathResponseId, previousResponseId, conversationId, itemReferenceIds, containerIds } = hints;
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
  for (const [kind, ids] of [
    ['item_reference', itemReferenceIds],
    ['container', containerIds],
  ] as const)
    for (const id of ids) {
      const binding = lookup('item', id);
      if (binding !== null) return { kind, binding };
    }
  return first;
}

/** Who made the newest encrypted item we know, else whoever the conversation around it belongs to. */
function findSealed(hints: RoutingHints, lookup: BindingLookup, soft: Found | null): SealedBy | null {
  const { sealedDigests } = hints;
  for (let i = sealedDigests.length - 1; i >= 0; i--) {
    const binding = lookup('sealed', sealedDigests[i] ?? '');
    if (binding !== null) return { binding, via: null };
  }
  if (sealedDigests.length === 0) return null;
  return soft === null || soft.binding === null ? null : { binding: soft.binding, via: soft.kind };
}

/** Null when the request names no session at all; a fork or sub-agent inherits from where it came. */
function findSoft(hints: RoutingHints, lookup: BindingLookup): Found | null {
  const first = findOne('session', 'session', hints.sessionId, lookup);
  if (first !== null && first.binding !== null) return first;
  let named = first;
  const { threadId, parentThreadId, forkedFromThreadId } = hints;
  for (const [kind, id] of [
    ['thread', threadId],
    ['parent', parentThreadId],
    ['fork', forkedFromThreadId],
  ] as const) {
    const found = findOne(kind, 'thread', id, lookup);
    if (found !== null && found.binding !== null) return found;
    named ??= found;
  }
  return named;
}

function findOne(
  kind: string,
  bindingKind: BindingKind,
  id: string | null,
  lookup: BindingLookup,
): Found | null {
  return id === null ? null : { kind, binding: lookup(bindingKind, id) };
}
