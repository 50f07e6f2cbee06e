import { useEffect, useRef } from 'preact/hooks';
import { changes } from '../store.js';
import type { Read } from './read.js';

/** Reads again when something may be new, one read at a time, so that a slow database still gets to answer. */
export function useTail(read: Read<unknown>, on: boolean): void {
  const change = changes.value;
  const seen = useRef(change);
  const { loading, reload } = read;
  useEffect(() => {
    if (!on || loading || seen.current === change) return;
    seen.current = change;
    reload();
  }, [change, loading, on]);
}
