import type { JSX } from 'preact';
import { Loaded } from '../components/loaded.js';
import { Empty, Told } from '../components/notice.js';
import { Page } from '../components/page.js';
import { useRead } from '../components/read.js';
import { type Column, Table } from '../components/table.js';
import { href, NEW } from '../router.js';
import { KEY_COLUMNS } from './key-columns.js';
import type { KeyList as List, KeyRow } from './registry-wire.js';
import { RevokeKey } from './revoke-key.js';
import { tell, useTold } from './told.js';

export function KeyList(): JSX.Element {
  const read = useRead<List>('/admin/keys');
  const told = useTold();
  return (
    <Page
      title="Client keys"
      lead="What clients present instead of an OpenAI key. With none, only programs on this machine may use /v1."
      actions={
        <a class="button primary" href={href(`/keys/${NEW}`)}>
          Make a key
        </a>
      }
    >
      {told !== '' && <Told text={told} />}
      <Loaded read={read} what="the keys">
        {({ keys }) => (keys.length === 0 ? <NoKey /> : <Keys rows={keys} reload={read.reload} />)}
      </Loaded>
    </Page>
  );
}

function NoKey(): JSX.Element {
  return (
    <Empty>
      <p>There is none. Make one for each person or program that reaches the proxy from another machine.</p>
      <p>From the first key on, /v1 wants one from everybody, programs on this machine included.</p>
    </Empty>
  );
}

function Keys(props: { rows: readonly KeyRow[]; reload: () => void }): JSX.Element {
  const revoked = (row: KeyRow): void => {
    tell(`${row.name} is revoked.`);
    props.reload();
  };
  const actions: Column<KeyRow> = {
    key: 'actions',
    head: 'Actions',
    cell: (row) => row.revoked_at === null && <RevokeKey row={row} small done={() => revoked(row)} />,
  };
  return (
    <Table
      id="keys"
      caption="Client keys"
      columns={[...KEY_COLUMNS, actions]}
      rows={props.rows}
      rowKey={({ id }) => id}
    />
  );
}
