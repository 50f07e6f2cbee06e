import type { JSX } from 'preact';
import { Charts } from '../components/charts.js';
import { Decisions, NO_DECISIONS } from '../components/decisions.js';
import { FirstRun } from '../components/first-run.js';
import { Fleet } from '../components/fleet.js';
import { Empty, ErrorNotice } from '../components/notice.js';
import { Page } from '../components/page.js';
import { useRead } from '../components/read.js';
import { Requests } from '../components/requests.js';
import { Resources } from '../components/resources.js';
import { chosenSpan, SpanChoice } from '../components/span-choice.js';
import { useTail } from '../components/tail.js';
import { Tiles } from '../components/tiles.js';
import { href } from '../router.js';
import { state } from '../store.js';
import type { AdminState, Decision } from '../wire.js';
import type { Series, SeriesPoint } from '../wire-history.js';

export function OverviewPage(): JSX.Element {
  const current = state.value;
  const read = useRead<Series>(`/admin/series?span=${chosenSpan()}`);
  useTail(read, true);
  const { data, error, reload } = read;
  if (current === null) return <></>;
  const totals = data?.totals ?? null;
  return (
    <Page title="Overview" actions={<SpanChoice />}>
      {isFresh(current, totals) && <FirstRun resources={current.resources} />}
      <Tiles state={current} totals={totals} />
      {error !== null && <ErrorNotice error={error} retry={reload} />}
      {data !== null && data.totals.requests > 0 && <Charts series={data} />}
      {current.resources.length > 0 && (
        <Resources resources={current.resources} decisions={current.recent_decisions} />
      )}
      <Fleet state={current} />
      <Requests />
      <LastDecisions decisions={current.recent_decisions} />
    </Page>
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
