import { signal } from '@preact/signals';
import type { AdminState } from './wire.js';

/** What was in flight, as the live stream told it while this page was open. */
export interface Sample {
  readonly at: number;
  readonly byResource: ReadonlyMap<string, number>;
}

const KEPT_MS = 300_000;
/** The stream tells four states a second at most. */
const MAX_SAMPLES = 1_300;

export const samples = signal<readonly Sample[]>([]);

export function takeSample(state: AdminState): void {
  const sample = {
    at: state.timestamp,
    byResource: new Map(state.resources.map(({ id, in_flight }) => [id, in_flight])),
  };
  const recent = samples.peek().filter(({ at }) => at > sample.at - KEPT_MS);
  samples.value = [...recent.slice(1 - MAX_SAMPLES), sample];
}
