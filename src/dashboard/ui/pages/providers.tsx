import type { JSX } from 'preact';
import { Empty } from '../components/notice.js';
import { Page } from '../components/page.js';

export function ProvidersPage(): JSX.Element {
  return (
    <Page title="Providers">
      <Empty>Not built yet.</Empty>
    </Page>
  );
}
