import type { JSX } from 'preact';
import { connection, state } from '../store.js';
import { Banner } from './banner.js';
import { Decisions } from './decisions.js';
import { FirstRun } from './first-run.js';
import { Fleet } from './fleet.js';
import { Requests } from './requests.js';
import { Resources } from './resources.js';
import { SignIn } from './sign-in.js';
import { StatusLine } from './status-line.js';

export function App(): JSX.Element {
  const current = state.value;
  return (
    <>
      <header>
        <h1>Responses Proxy</h1>
        <StatusLine />
        <nav aria-label="Documents">
          <a href="/docs">API</a>
        </nav>
      </header>
      <Banner />
      <main>
        {connection.value === 'signed_out' && <SignIn />}
        {current === null && connection.value !== 'signed_out' && <p class="hint">Waiting for the proxy…</p>}
        {current !== null && connection.value !== 'signed_out' && (
          <>
            {current.resources.length === 0 ? <FirstRun /> : <Resources resources={current.resources} />}
            <Fleet state={current} />
            <Requests />
            <Decisions decisions={current.recent_decisions} />
          </>
        )}
      </main>
    </>
  );
}
