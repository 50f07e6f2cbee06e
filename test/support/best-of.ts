/** Milliseconds of the fastest of several runs: what the work costs when nothing else wants the processor. */
export function bestOf(runs: number, work: () => void): number {
  let best = Infinity;
  for (let n = 0; n < runs; n += 1) {
    const start = performance.now();
    work();
    best = Math.min(best, performance.now() - start);
  }
  return best;
}
