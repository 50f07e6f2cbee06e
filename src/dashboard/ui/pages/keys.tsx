import type { JSX } from 'preact';
import { Empty } from '../components/notice.js';
import { Page } from '../components/page.js';

export function KeysPage(): JSX.Element {
  return (
    <Page title="Client keys">
      <Empty>Not built yet.</Empty>
    </Page>
  );
}
