import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { PAGES, type PageEntry } from '../pages/index.js';
import { href, navigations, route } from '../router.js';
import { connection } from '../store.js';

const GROUPS = ['Traffic', 'Registry', 'Operation'] as const satisfies readonly PageEntry['group'][];

/** A column beside the page; on a narrow screen behind a button. */
export function Navigation(): JSX.Element {
  const open = useSignal(false);
  const arrivals = navigations.value;
  useEffect(() => {
    open.value = false;
  }, [arrivals]);
  return (
    <nav class="side" aria-label="Pages" data-open={open.value} hidden={connection.value === 'signed_out'}>
      <button
        type="button"
        class="menu"
        aria-expanded={open.value}
        aria-controls="pages"
        onClick={() => (open.value = !open.value)}
      >
        {`Menu: ${PAGES.get(route.value.path[0] ?? '')?.title ?? 'no such page'}`}
      </button>
      <div id="pages">
        {GROUPS.map((group) => (
          <Group key={group} group={group} />
        ))}
        <ul aria-label="Documents">
          <li>
            <a href="/docs">API</a>
          </li>
        </ul>
      </div>
    </nav>
  );
}

function Group({ group }: { group: PageEntry['group'] }): JSX.Element {
  const [here = '', ...below] = route.value.path;
  const entries = [...PAGES].filter(([, entry]) => entry.group === group);
  return (
    <>
      <p class="group">{group}</p>
      <ul aria-label={group}>
        {entries.map(([name, { title }]) => (
          <li key={name}>
            <a
              href={href(`/${name}`)}
              aria-current={name === here ? (below.length === 0 ? 'page' : 'true') : undefined}
            >
              {title}
            </a>
          </li>
        ))}
      </ul>
    </>
  );
}
