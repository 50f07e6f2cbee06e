import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { isNarrowed, listQuery } from '../filters.js';
import { getQuery } from '../router.js';
import type { RequestList } from '../wire-history.js';
import { Download } from './download.js';
import { FilterBar } from './filter-bar.js';
import { LiveSwitch } from './live-switch.js';
import { Empty, ErrorNotice, Loading } from './notice.js';
import { Page } from './page.js';
import { Pager } from './pager.js';
import { useRead } from './read.js';
import { NO_REQUESTS } from './requests.js';
import { REQUEST_COLUMNS } from './request-columns.js';
import { Table } from './table.js';
import { useTail } from './tail.js';
import { TRAFFIC_FILTERS, trafficFilters } from './traffic-filters.js';

const NAMES = [...TRAFFIC_FILTERS, 'cursor'];

export function RequestListView(): JSX.Element {
  const paused = useSignal(false);
  const older = getQuery('cursor') !== '';
  const read = useRead<RequestList>(`/admin/requests?${listQuery(NAMES)}`);
  useTail(read, !paused.value && !older);
  const since = getQuery('since');
  return (
    <Page
      title="Requests"
      actions={
        <>
          <LiveSwitch paused={paused.value} older={older} onPause={(on) => (paused.value = on)} />
          <Download
            path={`/admin/export/requests?format=csv${since === '' ? '' : `&since=${since}`}`}
            name="requests.csv"
            title="All requests of this span, whatever the other filters say"
          >
            CSV
          </Download>
        </>
      }
    >
      <FilterBar filters={trafficFilters()} label="Filter requests" />
      <Rows read={read} />
    </Page>
  );
}

function Rows({ read }: { read: ReturnType<typeof useRead<RequestList>> }): JSX.Element {
  const { data, error, loading, stale, reload } = read;
  return (
    <section aria-label="Requests">
      {error !== null && <ErrorNotice error={error} retry={reload} />}
      {data === null && loading && <Loading what="requests" />}
      {data !== null && data.requests.length === 0 && (
        <Empty>{isNarrowed(NAMES) ? 'No request is like that.' : NO_REQUESTS}</Empty>
      )}
      {data !== null && data.requests.length > 0 && (
        <>
          <Table
            id="request-list"
            caption="Requests, newest first"
            columns={REQUEST_COLUMNS}
            rows={data.requests}
            rowKey={({ id }) => id}
            rowProps={({ id }) => ({ 'data-request': id })}
            busy={stale}
          />
          <Pager next={data.next_cursor} shown={data.requests.length} what="requests" />
        </>
      )}
    </section>
  );
}
