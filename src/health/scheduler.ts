/** PORT: runs something later. Tests drive one by hand. */
export interface Scheduler {
  /** Returns the function that calls it off. */
  after(ms: number, run: () => void): () => void;
}

export const SCHEDULER = Symbol('Scheduler');

export const systemScheduler: Scheduler = {
  after(ms, run) {
    const timer = setTimeout(run, ms);
    // A probe that is due must not keep a process alive that has nothing else to do.
    timer.unref();
    return () => clearTimeout(timer);
  },
};
