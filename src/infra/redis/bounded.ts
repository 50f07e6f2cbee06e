/** Code of the error that ends a wait. */
export const TOO_LATE = 'TOO_LATE';

/** Rejects after `ms`; what comes later is nobody's. */
export function bounded<T>(work: Promise<T>, ms: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const give = (): void =>
      reject(Object.assign(new Error(`no answer within ${ms} ms`), { code: TOO_LATE }));
    // Timers run before sockets are read: after a long turn of the event loop the answer may lie there already.
    const timer = setTimeout(() => setImmediate(give), ms);
    work.then(
      (value) => {
        clearTimeout(timer);
        resolve(value);
      },
      (error: unknown) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
}
