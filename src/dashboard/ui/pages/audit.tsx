import type { JSX } from 'preact';
import { type Filter, FilterBar } from '../components/filter-bar.js';
import { Page } from '../components/page.js';
import { AuditList } from '../registry/audit-list.js';

const FILTERS: readonly Filter[] = [
  {
    name: 'action',
    label: 'What',
    choices: [
      'provider.created',
      'provider.updated',
      'provider.deleted',
      'provider.rewrapped',
      'model.created',
      'model.updated',
      'model.deleted',
      'client_key.created',
      'client_key.updated',
      'client_key.revoked',
    ],
  },
  { name: 'target_id', label: 'Which (id)' },
];

export function AuditPage(): JSX.Element {
  return (
    <Page
      title="Audit"
      lead="Who changed what in the registry, newest first. Of a secret it says only that it changed."
    >
      <FilterBar filters={FILTERS} label="Filters of the log" />
      <AuditList />
    </Page>
  );
}
