import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { Decisions, NO_DECISIONS } from '../components/decisions.js';
import { FilterBar } from '../components/filter-bar.js';
import { LiveSwitch } from '../components/live-switch.js';
import { Empty, ErrorNotice, Loading } from '../components/notice.js';
import { Page } from '../components/page.js';
import { Pager } from '../components/pager.js';
import { useRead } from '../components/read.js';
import { useTail } from '../components/tail.js';
import { TRAFFIC_FILTERS, trafficFilters } from '../components/traffic-filters.js';
import { isNarrowed, listQuery } from '../filters.js';
import { getQuery } from '../router.js';
import type { Decision } from '../wire.js';

const NAMES = [...TRAFFIC_FILTERS, 'cursor'];

interface DecisionList {
  readonly decisions: readonly Decision[];
  readonly next_cursor: string | null;
}

export function DecisionsPage(): JSX.Element {
  const paused = useSignal(false);
  const older = getQuery('cursor') !== '';
  const read = useRead<DecisionList>(`/admin/decisions?${listQuery(NAMES, '50')}`);
  useTail(read, !paused.value && !older);
  const { data, error, loading, stale, reload } = read;
  return (
    <Page
      title="Decisions"
      lead="Why each request went where it went, and what became of the other candidates."
      actions={<LiveSwitch paused={paused.value} older={older} onPause={(on) => (paused.value = on)} />}
    >
      <FilterBar filters={trafficFilters()} label="Filter decisions" />
      <section aria-label="Decisions">
        {error !== null && <ErrorNotice error={error} retry={reload} />}
        {data === null && loading && <Loading what="decisions" />}
        {data !== null && data.decisions.length === 0 && (
          <Empty>{isNarrowed(NAMES) ? 'No decision is like that.' : NO_DECISIONS}</Empty>
        )}
        {data !== null && data.decisions.length > 0 && (
          <>
            <Decisions decisions={data.decisions} busy={stale} />
            <Pager next={data.next_cursor} shown={data.decisions.length} what="decisions" />
          </>
        )}
      </section>
    </Page>
  );
}
