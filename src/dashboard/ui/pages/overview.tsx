import type { JSX } from 'preact';
import { Decisions } from '../components/decisions.js';
import { FirstRun } from '../components/first-run.js';
import { Fleet } from '../components/fleet.js';
import { Loading } from '../components/notice.js';
import { Page } from '../components/page.js';
import { Requests } from '../components/requests.js';
import { Resources } from '../components/resources.js';
import { state } from '../store.js';

export function OverviewPage(): JSX.Element {
  const current = state.value;
  if (current === null) return <Loading what="the state" />;
  return (
    <Page title="Overview">
      {current.resources.length === 0 ? <FirstRun /> : <Resources resources={current.resources} />}
      <Fleet state={current} />
      <Requests />
      <Decisions decisions={current.recent_decisions} />
    </Page>
  );
}
