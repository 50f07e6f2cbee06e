import type { JSX } from 'preact';
import { type Column, Table } from '../components/table.js';
import { words } from '../format.js';
import type { Check, CodexFile, DiagnosedKey, Diagnosis, Finding } from './diagnosis-wire.js';
import { FindingCard } from './finding-card.js';
import { Models } from './models.js';

const GROUPS = [
  { severity: 'error', title: 'Errors' },
  { severity: 'warning', title: 'Warnings' },
  { severity: 'note', title: 'Worth knowing' },
] as const;

const KEY_COLUMNS: readonly Column<DiagnosedKey>[] = [
  { key: 'id', head: 'Key', names: true, cell: (row) => row.resource_id },
  { key: 'origin', head: 'From', cell: (row) => row.origin },
  {
    key: 'status',
    head: 'State',
    cell: (row) => (
      <>
        <span class={`health ${row.status}`}>{row.status}</span>
        {row.status !== 'healthy' && <span class="why">{words(row.reason)}</span>}
      </>
    ),
  },
  { key: 'pool', head: 'Pool', cell: (row) => row.pool_id ?? '–' },
  { key: 'org', head: 'Organisation', cell: (row) => row.organization ?? 'not known' },
  { key: 'models', head: 'Models', wide: true, cell: (row) => <Models of={row} /> },
];

const CODEX_COLUMNS: readonly Column<CodexFile>[] = [
  { key: 'path', head: 'File', names: true, cell: ({ path }) => <span class="wraps">{path}</span> },
  { key: 'provider', head: 'Provider', cell: ({ provider }) => provider ?? 'openai (built in)' },
  { key: 'url', head: 'Address', wide: true, cell: (row) => row.base_url ?? '–' },
  {
    key: 'here',
    head: 'Leads here',
    cell: (row) => (row.problems > 0 ? 'cannot be used: see the doctor' : row.points_here ? 'yes' : 'no'),
  },
];

export function DiagnosisReport({ diagnosis }: { diagnosis: Diagnosis }): JSX.Element {
  const { findings, checks, keys, codex_files: codexFiles } = diagnosis;
  const passed = checks.filter(({ outcome }) => outcome === 'ok');
  const skipped = checks.filter(({ outcome }) => outcome === 'skipped');
  return (
    <>
      {GROUPS.map(({ severity, title }) => (
        <Group key={severity} title={title} findings={findings.filter((one) => one.severity === severity)} />
      ))}
      {keys.length > 0 && (
        <section aria-labelledby="keys-title">
          <h2 id="keys-title">Keys</h2>
          <Table
            id="diagnosed-keys"
            caption="Keys that were asked"
            columns={KEY_COLUMNS}
            rows={keys}
            rowKey={({ resource_id }) => resource_id}
          />
        </section>
      )}
      {codexFiles.length > 0 && (
        <section aria-labelledby="codex-title">
          <h2 id="codex-title">Codex files where the proxy runs</h2>
          <Table
            id="codex-files"
            caption="Codex configuration files"
            columns={CODEX_COLUMNS}
            rows={codexFiles}
            rowKey={({ path }) => path}
          />
        </section>
      )}
      <Checks title={`${passed.length} checks are ok`} checks={passed} />
      <Checks title={`${skipped.length} could not be made from here`} checks={skipped} />
    </>
  );
}

function Group(props: { title: string; findings: readonly Finding[] }): JSX.Element | null {
  if (props.findings.length === 0) return null;
  return (
    <section aria-label={props.title}>
      <h2>{`${props.title} (${props.findings.length})`}</h2>
      <ul class="findings">
        {props.findings.map((finding, i) => (
          <FindingCard key={`${finding.id} ${i}`} finding={finding} />
        ))}
      </ul>
    </section>
  );
}

function Checks(props: { title: string; checks: readonly Check[] }): JSX.Element | null {
  if (props.checks.length === 0) return null;
  return (
    <details class="card folded">
      <summary>{props.title}</summary>
      <ul class="plain-list">
        {props.checks.map(({ name, title, detail }) => (
          <li key={name}>
            {title}
            {detail !== null && <span class="why">{detail}</span>}
          </li>
        ))}
      </ul>
    </details>
  );
}
