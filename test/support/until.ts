export interface UntilOptions {
  readonly timeoutMs?: number;
  readonly everyMs?: number;
  /** For the error: what was waited for. */
  readonly what?: string;
}

/** Waits for a condition instead of for a time. The last value is in the error, so that a failure tells what was seen. */
export async function until<T>(
  read: () => T | Promise<T>,
  accept: ((value: T) => boolean) | UntilOptions = Boolean,
  options: UntilOptions = typeof accept === 'function' ? {} : accept,
): Promise<T> {
  const { timeoutMs = 10_000, everyMs = 15, what = 'condition' } = options;
  const accepted = typeof accept === 'function' ? accept : Boolean;
  const deadline = performance.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      const value = await read();
      if (accepted(value)) return value;
      last = value;
    } catch (e: unknown) {
      last = e;
    }
    if (performance.now() > deadline) {
      const seen =
        last instanceof Error ? String(last) : (JSON.stringify(last)?.slice(0, 600) ?? 'undefined');
      throw new Error(`${what} not met within ${timeoutMs} ms; last seen: ${seen}`);
    }
    await pause(everyMs);
  }
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
