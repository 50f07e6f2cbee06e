import type { JSX } from 'preact';
import { ApiError, messageOf } from '../api.js';
import { Charts } from '../components/charts.js';
import { Decisions, NO_DECISIONS } from '../components/decisions.js';
import { FirstRun } from '../components/first-run.js';
import { Fleet } from '../components/fleet.js';
import { Empty, ErrorNotice } from '../components/notice.js';
import { Page } from '../components/page.js';
import { type Read, useRead } from '../components/read.js';
import { Requests } from '../components/requests.js';
import { Resources } from '../components/resources.js';
import { chosenSpan, SpanChoice } from '../components/span-choice.js';
import { useTail } from '../components/tail.js';
import { Tiles } from '../components/tiles.js';
import { href } from '../router.js';
import { state } from '../store.js';
import type { AdminState, Decision } from '../wire.js';
import type { RequestList, Series, SeriesPoint } from '../wire-history.js';

export function OverviewPage(): JSX.Element {
  const current = state.value;
  const series = useRead<Series>(`/admin/series?span=${chosenSpan()}`);
  useTail(series, true);
  const requests = useRead<RequestList>('/admin/requests?limit=12');
  useTail(requests, true);
  if (current === null) return <></>;
  const { data } = series;
  const totals = data?.totals ?? null;
  return (
    <Page title="Overview" actions={<SpanChoice />}>
      {isFresh(current, totals) && <FirstRun state={current} />}
      <Tiles state={current} totals={totals} />
      <Unread reads={[series, requests]} />
      {data !== null && data.totals.requests > 0 && <Charts series={data} />}
      {current.resources.length > 0 && (
        <Resources resources={current.resources} decisions={current.recent_decisions} />
      )}
      <Fleet state={current} />
      <Requests read={requests} />
      <LastDecisions decisions={current.recent_decisions} />
    </Page>
  );
}

/** What went wrong, once for all that failed alike. The banner says it where the proxy knows that its database is away. */
function Unread({ reads }: { reads: readonly Read<unknown>[] }): JSX.Element {
  const failed = reads.filter(({ error }) => error !== null && !isToldByBanner(error));
  const messages = failed.map(({ error }) => messageOf(error));
  const again = (): void => failed.forEach(({ reload }) => reload());
  return (
    <>
      {failed.map(
        ({ error }, n) =>
          messages.indexOf(messageOf(error)) === n && <ErrorNotice key={n} error={error} retry={again} />,
      )}
    </>
  );
}

function isToldByBanner(error: Error): boolean {
  return (
    error instanceof ApiError &&
    error.code === 'database_unavailable' &&
    state.value?.database.ready === false
  );
}

/** Nothing has gone through yet, as far as anybody knows. */
function isFresh({ resources, recent_decisions }: AdminState, totals: SeriesPoint | null): boolean {
  return resources.length === 0 || (recent_decisions.length === 0 && totals?.requests === 0);
}

function LastDecisions({ decisions }: { decisions: readonly Decision[] }): JSX.Element {
  return (
    <section aria-labelledby="decisions-title">
      <div class="section-head">
        <h2 id="decisions-title">Last decisions</h2>
        <a href={href('/decisions')}>All decisions</a>
      </div>
      {decisions.length === 0 && <Empty>{NO_DECISIONS}</Empty>}
      {decisions.length > 0 && <Decisions decisions={decisions} />}
    </section>
  );
}
