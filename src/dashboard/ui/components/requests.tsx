import type { JSX } from 'preact';
import { href } from '../router.js';
import type { RequestList } from '../wire-history.js';
import { Empty, ErrorNotice } from './notice.js';
import { useRead } from './read.js';
import { requestColumns } from './request-columns.js';
import { Table } from './table.js';
import { useTail } from './tail.js';

const COLUMNS = requestColumns('caller', 'first');

export const NO_REQUESTS = `None yet. Point a client at ${location.origin}/v1 and send one.`;

/** The newest few, on the overview. */
export function Requests(): JSX.Element {
  const read = useRead<RequestList>('/admin/requests?limit=12');
  useTail(read, true);
  const rows = read.data?.requests ?? null;
  return (
    <section aria-labelledby="requests-title">
      <div class="section-head">
        <h2 id="requests-title">Last requests</h2>
        <a href={href('/requests')}>All requests</a>
      </div>
      {read.error !== null && <ErrorNotice error={read.error} retry={read.reload} />}
      {rows !== null && rows.length === 0 && <Empty>{NO_REQUESTS}</Empty>}
      {rows !== null && rows.length > 0 && (
        <Table id="requests" caption="Last requests" columns={COLUMNS} rows={rows} rowKey={({ id }) => id} />
      )}
    </section>
  );
}
