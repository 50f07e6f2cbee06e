import type { JSX } from 'preact';
import { Empty } from '../components/notice.js';
import { Page } from '../components/page.js';

export function ModelsPage(): JSX.Element {
  return (
    <Page title="Models">
      <Empty>Not built yet.</Empty>
    </Page>
  );
}
