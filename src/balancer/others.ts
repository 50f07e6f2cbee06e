import type { Choice, RoutingRequest, RoutingWorld } from './decide.js';
import { isOutOfScope } from './refuse.js';
import { upstreamModel } from './routing-hints.js';
import type { Candidate } from './selection.js';

/** What those who have not been tried could still do for a request. */
export interface Others {
  /** Until the first of them may be asked; 0 = now, or as soon as a place is free. */
  readonly waitMs: number;
  /** The upstream's own pauses are all there is to wait for. */
  readonly paused: boolean;
}

/**
 * Null = none of them is due: each is out of scope, refused for good or refused for this model. `choice` was made
 * without those that were tried.
 */
export function othersOf(world: RoutingWorld, request: RoutingRequest, choice: Choice): Others | null {
  const due = choice.candidates.flatMap((candidate) => dueOf(world, request, candidate) ?? []);
  if (due.length === 0) return null;
  return {
    waitMs: Math.min(...due.map(({ waitMs }) => waitMs)),
    paused: due.every(({ paused }) => paused),
  };
}

function dueOf(world: RoutingWorld, { hints }: RoutingRequest, candidate: Candidate): Others | null {
  if (isOutOfScope(candidate.rejected) || candidate.rejected === 'already_tried') return null;
  const refusal = world.health.refusal(candidate.resourceId, upstreamModel(hints), world.now);
  if (refusal === null) return { waitMs: 0, paused: false };
  const paused = refusal.reason === 'cooling';
  // A try every five minutes, or after an hour, is for finding out and not for waiting.
  const excluded = refusal.reason === 'model_denied' || (!paused && !refusal.soft);
  return excluded || refusal.until === null
    ? null
    : { waitMs: Math.max(0, refusal.until - world.now), paused };
}
