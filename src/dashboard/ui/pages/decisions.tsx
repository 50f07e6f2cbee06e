import type { JSX } from 'preact';
import { Empty } from '../components/notice.js';
import { Page } from '../components/page.js';

export function DecisionsPage(): JSX.Element {
  return (
    <Page title="Decisions">
      <Empty>Not built yet.</Empty>
    </Page>
  );
}
