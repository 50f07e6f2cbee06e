import type { JSX } from 'preact';
import { PAGES } from '../pages/index.js';
import { NotFoundPage } from '../pages/not-found.js';
import { href, route } from '../router.js';
import { connection, state } from '../store.js';
import { Banner } from './banner.js';
import { Navigation } from './navigation.js';
import { Search } from './search.js';
import { SignIn } from './sign-in.js';
import { StatusLine } from './status-line.js';

export function App(): JSX.Element {
  return (
    <>
      <a class="skip" href="#main" onClick={skip}>
        Skip to the content
      </a>
      <header>
        <a class="brand" href={href('/')}>
          Responses Proxy
        </a>
        <StatusLine />
        <Search />
      </header>
      <Banner />
      <div class="frame">
        <Navigation />
        <main id="main" tabIndex={-1}>
          <Content />
        </main>
      </div>
    </>
  );
}

/** What stands behind the hash is the page, so the browser must not go to an anchor. */
function skip(event: Event): void {
  event.preventDefault();
  document.getElementById('main')?.focus();
}

/** The asked page stays in the address while somebody signs in, and is there afterwards. */
function Content(): JSX.Element {
  const { path } = route.value;
  if (connection.value === 'signed_out') return <SignIn />;
  if (state.value === null) return <p class="hint">Waiting for the proxy…</p>;
  const Shown = PAGES.get(path[0] ?? '')?.component ?? NotFoundPage;
  return <Shown key={path.join('/')} />;
}
