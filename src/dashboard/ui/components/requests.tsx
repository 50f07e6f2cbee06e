import type { JSX } from 'preact';
import { href } from '../router.js';
import type { RequestList } from '../wire-history.js';
import { Empty } from './notice.js';
import type { Read } from './read.js';
import { requestColumns } from './request-columns.js';
import { Table } from './table.js';

const COLUMNS = requestColumns('caller', 'first');

export const NO_REQUESTS = `None yet. Point a client at ${location.origin}/v1 and send one.`;

/** The newest few, on the overview, which says what went wrong with all that it reads. */
export function Requests({ read }: { read: Read<RequestList> }): JSX.Element {
  const rows = read.data?.requests ?? null;
  return (
    <section aria-labelledby="requests-title">
      <div class="section-head">
        <h2 id="requests-title">Last requests</h2>
        <a href={href('/requests')}>All requests</a>
      </div>
      {rows === null && read.error !== null && <p class="hint">They cannot be read now.</p>}
      {rows !== null && rows.length === 0 && <Empty>{NO_REQUESTS}</Empty>}
      {rows !== null && rows.length > 0 && (
        <Table id="requests" caption="Last requests" columns={COLUMNS} rows={rows} rowKey={({ id }) => id} />
      )}
    </section>
  );
}
