import { useEffect, useRef } from 'preact/hooks';
import { state } from '../store.js';

/** Reads a list anew when the live stream says that a resource came, went, or changed its health. */
export function useLiveReload(reload: () => void): void {
  const resources = state.value?.resources ?? [];
  const seen = resources.map(({ id, health }) => `${id} ${health.status} ${health.reason}`).join('\n');
  const first = useRef(true);
  useEffect(() => {
    if (first.current) first.current = false;
    else reload();
  }, [seen, reload]);
}

/** Pools that resources are in, for fields that name one. */
export function knownPools(): string[] {
  const pools = (state.value?.resources ?? []).flatMap(({ pool_id }) => pool_id ?? []);
  return [...new Set(pools)].sort((a, b) => a.localeCompare(b));
}
