import type { JSX } from 'preact';
import { duration, span } from '../format.js';
import type { AdminState, Peer } from '../wire.js';

/** Replicas and workers, where there is more than this one process. */
export function Fleet(props: { state: AdminState }): JSX.Element | null {
  const all = [...props.state.replicas, ...props.state.workers];
  if (all.length < 2) return null;
  return (
    <section aria-labelledby="fleet-title">
      <h2 id="fleet-title">Replicas and workers</h2>
      <div class="scroll" tabIndex={0} role="group" aria-labelledby="fleet-title">
        <table id="fleet">
          <thead>
            <tr>
              <th scope="col">Process</th>
              <th scope="col">Host</th>
              <th scope="col">State</th>
              <th scope="col" class="number">
                In flight
              </th>
              <th scope="col" class="number">
                Waiting for SQL
              </th>
              <th scope="col" class="number">
                Up
              </th>
              <th scope="col">Version</th>
            </tr>
          </thead>
          <tbody>
            {all.map((peer) => (
              <Row key={peer.instance_id} peer={peer} />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Row({ peer }: { peer: Peer }): JSX.Element {
  const lag = peer.pending === 0 ? '' : `, oldest ${duration(peer.lag_ms)}`;
  return (
    <tr data-process={peer.instance_id}>
      <td title={peer.instance_id}>
        {`${peer.role === 'api' ? 'replica' : 'worker'} ${peer.instance_id.slice(-8)}${peer.self ? ' (this one)' : ''}`}
      </td>
      <td>{peer.host}</td>
      <td class={peer.database_matches === false ? 'bad' : ''}>{standing(peer)}</td>
      <td class="number">{peer.in_flight}</td>
      <td class="number">{`${peer.pending}${lag}`}</td>
      <td class="number">{span(peer.uptime_seconds * 1000)}</td>
      <td>{peer.version}</td>
    </tr>
  );
}

function standing(peer: Peer): string {
  if (peer.database_matches === false) return 'other database';
  if (peer.draining) return 'draining';
  // It beats several times a second.
  return peer.age_ms > 3_000 ? `silent for ${span(peer.age_ms)}` : 'running';
}
