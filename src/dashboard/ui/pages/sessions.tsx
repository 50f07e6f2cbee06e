import type { JSX } from 'preact';
import { Empty } from '../components/notice.js';
import { Page } from '../components/page.js';

export function SessionsPage(): JSX.Element {
  return (
    <Page title="Sessions">
      <Empty>Not built yet.</Empty>
    </Page>
  );
}
