import type { JSX } from 'preact';
import { Empty } from '../components/notice.js';
import { Page } from '../components/page.js';

export function DiagnosticsPage(): JSX.Element {
  return (
    <Page title="Diagnostics">
      <Empty>Not built yet.</Empty>
    </Page>
  );
}
