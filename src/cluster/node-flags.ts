import { HEAP_FLAG, setsHeap } from '../common/heap-flag.js';

/** Flags of the processes that serve, from those of the primary. */
export function nodeFlags(own: readonly string[]): readonly string[] {
  return setsHeap(own) ? own : [...own, HEAP_FLAG];
}
