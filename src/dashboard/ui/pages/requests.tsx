import type { JSX } from 'preact';
import { Empty } from '../components/notice.js';
import { Page } from '../components/page.js';

export function RequestsPage(): JSX.Element {
  return (
    <Page title="Requests">
      <Empty>Not built yet.</Empty>
    </Page>
  );
}
