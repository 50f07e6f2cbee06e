import type { JSX } from 'preact';
import { sendJson } from '../api.js';
import { ConfirmButton } from '../forms/confirm-button.js';
import type { KeyRow } from './registry-wire.js';

export function RevokeKey(props: { row: KeyRow; small?: boolean; done: () => void }): JSX.Element {
  const { row } = props;
  const revoke = async (): Promise<void> => {
    await sendJson('DELETE', `/admin/keys/${encodeURIComponent(row.id)}`);
    props.done();
  };
  return (
    <ConfirmButton
      label="Revoke…"
      title={`Revoke ${row.name}?`}
      confirm="Revoke it"
      keep="Keep it"
      small={props.small === true}
      onConfirm={revoke}
    >
      <ul class="plain-list">
        <li>It opens nothing any more, on every replica within seconds.</li>
        <li>Its open streams are ended.</li>
        <li>This is for good: nobody can make it valid again. Its history stays.</li>
      </ul>
    </ConfirmButton>
  );
}
