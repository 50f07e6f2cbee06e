import type { JSX } from 'preact';
import { fieldWords, valueWords } from './audit-words.js';
import type { AuditEntry } from './registry-wire.js';

type Change = readonly [name: string, change: readonly [before: unknown, after: unknown]];

const SHOWN = 3;
/** What a row is known by, before what it consists of. */
const FIRST = ['name', 'alias', 'upstreamId', 'baseUrl', 'revokedAt'];

/** Field by field; long lists open on demand. */
export function AuditChanges(props: { changes: AuditEntry['changes'] }): JSX.Element {
  const telling = Object.entries(props.changes)
    .filter(([, [before, after]]) => before !== null || after !== null)
    .sort(([a], [b]) => rank(a) - rank(b));
  const rest = telling.slice(SHOWN);
  return (
    <>
      <Changes changes={telling.slice(0, SHOWN)} />
      {rest.length > 0 && (
        <details>
          <summary>{`${rest.length} more`}</summary>
          <Changes changes={rest} />
        </details>
      )}
    </>
  );
}

function Changes(props: { changes: readonly Change[] }): JSX.Element {
  return (
    <ul>
      {props.changes.map(([name, [before, after]]) => (
        <li key={name}>
          <span class="hint">{`${fieldWords(name)} `}</span>
          {before !== null && <span class="value">{valueWords(name, before)}</span>}
          {before !== null && ' → '}
          {after === null ? (
            <span class="hint">nothing</span>
          ) : (
            <span class="value">{valueWords(name, after)}</span>
          )}
        </li>
      ))}
    </ul>
  );
}

function rank(name: string): number {
  const place = FIRST.indexOf(name);
  return place === -1 ? FIRST.length : place;
}
