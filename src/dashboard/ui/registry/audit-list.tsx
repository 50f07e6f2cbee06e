import type { JSX } from 'preact';
import { Loaded } from '../components/loaded.js';
import { Empty } from '../components/notice.js';
import { Pager } from '../components/pager.js';
import { useRead } from '../components/read.js';
import { type Column, Table } from '../components/table.js';
import { Time } from '../components/time.js';
import { isNarrowed } from '../filters.js';
import { words } from '../format.js';
import { href, route } from '../router.js';
import { AuditChanges } from './audit-changes.js';
import type { AuditEntry, AuditList as List } from './registry-wire.js';

const ACTORS = { admin_token: 'admin token', local: 'this machine', command: 'command line' } as const;
const PAGES: ReadonlyMap<string, string> = new Map([
  ['provider', 'providers'],
  ['model', 'models'],
  ['client_key', 'keys'],
]);

const COLUMNS: readonly Column<AuditEntry>[] = [
  { key: 'at', head: 'When', cell: (row) => <Time at={row.at} /> },
  {
    key: 'who',
    head: 'Who',
    cell: (row) => (
      <>
        {ACTORS[row.actor]}
        {row.address !== null && <span class="why">{row.address}</span>}
      </>
    ),
  },
  {
    key: 'what',
    head: 'What',
    cell: (row) => (
      <span class="wraps">
        {words(row.action).replace('.', ' ')}
        <span class="why">{targetOf(row)}</span>
      </span>
    ),
  },
  {
    key: 'changes',
    head: 'Changes',
    wide: true,
    cell: (row) => <AuditChanges changes={row.changes} />,
  },
];

/** One page of what was done, newest first. */
export function AuditList(): JSX.Element {
  const asked = new URLSearchParams(route.value.query);
  asked.set('limit', '50');
  const read = useRead<List>(`/admin/audit?${asked.toString()}`);
  return (
    <>
      <Loaded read={read} what="the log">
        {({ audit }) =>
          audit.length === 0 ? (
            <Empty>
              {isNarrowed(['action', 'target_id', 'cursor'])
                ? 'No change is like that.'
                : 'Nothing has been changed.'}
            </Empty>
          ) : (
            <Table
              id="audit"
              caption="Changes of the registry"
              columns={COLUMNS}
              rows={audit}
              rowKey={({ id }) => id}
              busy={read.loading}
            />
          )
        }
      </Loaded>
      {read.data !== null && read.data.audit.length > 0 && (
        <Pager next={read.data.next_cursor} shown={read.data.audit.length} what="changes" />
      )}
    </>
  );
}

function targetOf({ action, target_id }: AuditEntry): JSX.Element {
  const page = PAGES.get(action.split('.')[0] ?? '');
  const gone = action.endsWith('.deleted');
  return page === undefined || gone ? (
    <span class="mono">{target_id}</span>
  ) : (
    <a class="mono" href={href([page, target_id])}>
      {target_id}
    </a>
  );
}
