import type { JSX } from 'preact';
import { sentences } from '../format.js';
import { awayBecause, connection, state } from '../store.js';

/** What an operator must know first: nobody there, or history not being written. */
export function Banner(): JSX.Element {
  const warnings = connection.value === 'away' ? [away()] : trouble();
  return (
    <div role="status" aria-live="polite">
      {warnings.map((text) => (
        <p class="banner" key={text}>
          {text}
        </p>
      ))}
    </div>
  );
}

function away(): string {
  const shown = state.value === null ? '' : 'What you see is the last known state.';
  return sentences([awayBecause.value, 'Trying again…', shown]);
}

function trouble(): string[] {
  const current = state.value;
  if (current === null) return [];
  const { database, spool, redis, problems } = current;
  const found = problems.map(({ message }) => message);
  if (redis.status === 'away') {
    const why = redis.error === null ? '' : ` (${redis.error})`;
    found.push(`Redis is away${why}. Traffic is not affected; this replica goes on alone.`);
  }
  if (!database.ready) {
    found.push(
      `History cannot be read: ${database.error ?? `${database.kind} is not ready`}. Traffic is not affected.`,
    );
  }
  if (!spool.writable) found.push('The disk refuses writes: records are being lost. Check PROXY_DATA_DIR.');
  if (spool.drain_error !== null) found.push(`Records wait on disk: ${spool.drain_error}`);
  if (spool.capture_degraded && spool.writable) found.push('There is no room on disk to keep everything.');
  if (spool.shed_records > 0)
    found.push(`${spool.shed_records} records were given up because the spool was full.`);
  return found;
}
