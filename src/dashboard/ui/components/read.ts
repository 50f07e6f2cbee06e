import { useCallback, useEffect, useState } from 'preact/hooks';
import { getJson } from '../api.js';
import type { ApiError } from '../api-error.js';
import { connection } from '../store.js';

export interface Read<T> {
  /** Of the last answer; stays while the same path is read again. */
  readonly data: T | null;
  readonly error: ApiError | Error | null;
  readonly loading: boolean;
  /** What is shown belongs to another path, as another filter, until the answer comes. */
  readonly stale: boolean;
  readonly reload: () => void;
}

interface Answer<T> {
  readonly path: string | null;
  readonly data: T | null;
  readonly error: Error | null;
}

const NOTHING = { path: null, data: null, error: null };

/**
 * Reads a path of the API; null reads nothing. Another path, or leaving the page, aborts the read before, and a late
 * answer is not shown. While another path is being read the old data stays, so that a filter does not make the page jump.
 */
export function useRead<T>(path: string | null): Read<T> {
  const [answer, setAnswer] = useState<Answer<T>>(NOTHING);
  const [round, setRound] = useState(0);
  const [busy, setBusy] = useState(path !== null);
  useEffect(() => {
    if (path === null) {
      setAnswer(NOTHING);
      setBusy(false);
      return undefined;
    }
    const abort = new AbortController();
    setBusy(true);
    getJson<T>(path, abort.signal)
      .then(
        (data) => ({ path, data, error: null }),
        (error: unknown) => ({ path, data: null, error: error instanceof Error ? error : new Error('?') }),
      )
      .then((next) => {
        if (abort.signal.aborted) return;
        setBusy(false);
        // What was read of the same path before is better than nothing beside the error.
        setAnswer((before) =>
          next.error !== null && before.path === path ? { ...before, error: next.error } : next,
        );
      })
      .catch(() => undefined);
    return () => abort.abort();
  }, [path, round]);
  const live = connection.value === 'live';
  const unanswered = answer.error instanceof TypeError;
  useEffect(() => {
    // Who comes back is asked again, so that nobody has to clear away an error that is over.
    if (live && unanswered && path !== null) setRound((n) => n + 1);
  }, [live]);
  const reload = useCallback(() => setRound((n) => n + 1), []);
  const stale = answer.data !== null && answer.path !== path;
  return { data: answer.data, error: answer.error, loading: busy, stale, reload };
}
