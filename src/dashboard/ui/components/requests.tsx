import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { count, dollars, duration, short, timeOfDay, words } from '../format.js';
import { changes } from '../store.js';
import type { RequestRow } from '../wire.js';
import { ErrorNotice } from './notice.js';
import { useRead } from './read.js';

const GOOD_STATES = new Set(['completed', 'in_progress']);

export function Requests(): JSX.Element {
  const { data, error, reload } = useRead<{ requests: RequestRow[] }>('/admin/requests?limit=50');
  const change = changes.value;
  useEffect(() => void (change > 0 && reload()), [change]);
  const rows = data?.requests ?? null;
  return (
    <section aria-labelledby="requests-title">
      <h2 id="requests-title">Last requests</h2>
      {error !== null && <ErrorNotice error={error} />}
      {rows !== null && rows.length === 0 && (
        <p class="hint">None yet. Point a client at {`${location.origin}/v1`} and send one.</p>
      )}
      {rows !== null && rows.length > 0 && (
        <div class="scroll" tabIndex={0} role="region" aria-labelledby="requests-title">
          <table id="requests">
            <thead>
              <tr>
                <th scope="col">Time</th>
                <th scope="col">Session</th>
                <th scope="col">Model</th>
                <th scope="col">Resource</th>
                <th scope="col">State</th>
                <th scope="col" class="number">
                  Status
                </th>
                <th scope="col" class="number">
                  Latency
                </th>
                <th scope="col" class="number">
                  Tokens in
                </th>
                <th scope="col" class="number">
                  Cached
                </th>
                <th scope="col" class="number">
                  Out
                </th>
                <th scope="col" class="number">
                  Cost
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <Row key={row.id} row={row} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function Row(props: { row: RequestRow }): JSX.Element {
  const { row } = props;
  const error = row.error_code === null ? '' : `: ${words(row.error_code)}`;
  return (
    <tr title={row.error_message ?? row.id}>
      <td>{timeOfDay(row.started_at)}</td>
      <td title={row.session_id ?? ''}>{row.session_name ?? short(row.session_id)}</td>
      <td>{row.model ?? '–'}</td>
      <td>{row.resource_id ?? '–'}</td>
      <td class={GOOD_STATES.has(row.state) ? '' : 'bad'}>{`${words(row.state)}${error}`}</td>
      <td class="number">{row.status_code ?? '–'}</td>
      <td class="number">{duration(row.latency_ms)}</td>
      <td class="number">{count(row.input_tokens)}</td>
      <td class="number">{count(row.cached_tokens)}</td>
      <td class="number">{count(row.output_tokens)}</td>
      <td class="number">{dollars(row.cost_usd)}</td>
    </tr>
  );
}
