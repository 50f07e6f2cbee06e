/** Waits for a condition instead of for a time. The last value is in the error, so that a failure tells what was seen. */
export async function until<T>(
  read: () => T | Promise<T>,
  accept: (value: T) => boolean = Boolean,
  options: { readonly timeoutMs?: number; readonly everyMs?: number; readonly what?: string } = {},
): Promise<T> {
  const { timeoutMs = 10_000, everyMs = 15, what = 'condition' } = options;
  const deadline = performance.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      const value = await read();
      if (accept(value)) return value;
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
