import type { JSX } from 'preact';
import { Empty } from '../components/notice.js';
import { Page } from '../components/page.js';

export function AuditPage(): JSX.Element {
  return (
    <Page title="Audit">
      <Empty>Not built yet.</Empty>
    </Page>
  );
}
