import type { JSX } from 'preact';
import { now } from '../clock.js';
import type { Column } from '../components/table.js';
import { Time } from '../components/time.js';
import { count, span } from '../format.js';
import { href } from '../router.js';
import { BudgetCell } from './budget-cell.js';
import type { KeyRow } from './registry-wire.js';

export const KEY_COLUMNS: readonly Column<KeyRow>[] = [
  {
    key: 'name',
    head: 'Key',
    names: true,
    cell: (row) => (
      <span class="wraps">
        <a href={href(['keys', row.id])}>{row.name}</a>
        <span class="why mono">{`${row.prefix}…`}</span>
      </span>
    ),
  },
  { key: 'state', head: 'State', cell: (row) => <Standing row={row} /> },
  {
    key: 'used',
    head: 'Last used',
    cell: (row) => (row.last_used_at === null ? 'never' : <Time at={row.last_used_at} ago />),
  },
  {
    key: 'today',
    head: 'Today (UTC)',
    cell: (row) => (
      <BudgetCell
        of={`${row.name} today`}
        use={row.today}
        tokens={row.daily_tokens}
        cost={row.daily_cost_usd}
      />
    ),
  },
  {
    key: 'month',
    head: 'This month (UTC)',
    cell: (row) => (
      <BudgetCell
        of={`${row.name} this month`}
        use={row.this_month}
        tokens={row.monthly_tokens}
        cost={row.monthly_cost_usd}
      />
    ),
  },
  { key: 'minute', head: 'A minute', cell: (row) => <MinuteLimits row={row} /> },
  { key: 'may', head: 'May use', cell: (row) => <span class="wraps">{scopeOf(row)}</span> },
];

function Standing({ row }: { row: KeyRow }): JSX.Element {
  if (row.revoked_at !== null) return <Ended word="revoked" at={row.revoked_at} />;
  if (row.expires_at === null) return <span class="good">valid</span>;
  const left = row.expires_at - now.value;
  if (left <= 0) return <Ended word="expired" at={row.expires_at} />;
  return (
    <>
      <span class="good">valid</span>
      <span class="why">{`for ${span(left)} more`}</span>
    </>
  );
}

function Ended(props: { word: string; at: number }): JSX.Element {
  return (
    <>
      <span class="bad">{props.word}</span>
      <span class="why">
        <Time at={props.at} />
      </span>
    </>
  );
}

function MinuteLimits({ row }: { row: KeyRow }): JSX.Element {
  const { requests_per_minute, tokens_per_minute } = row;
  if (requests_per_minute === null && tokens_per_minute === null) return <span class="hint">no limit</span>;
  return (
    <>
      {requests_per_minute !== null && <span class="budget">{`${count(requests_per_minute)} requests`}</span>}
      {tokens_per_minute !== null && <span class="budget">{`${count(tokens_per_minute)} tokens`}</span>}
    </>
  );
}

function scopeOf(row: KeyRow): string {
  const pools = row.allowed_pools === null ? 'any pool' : `pools ${row.allowed_pools.join(', ')}`;
  const models = row.allowed_models === null ? 'any model' : `models ${row.allowed_models.join(', ')}`;
  return `${pools}; ${models}`;
}
