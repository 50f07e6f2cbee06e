import type { JSX } from 'preact';
import { Empty } from '../components/notice.js';
import { Page } from '../components/page.js';

export function UsagePage(): JSX.Element {
  return (
    <Page title="Usage">
      <Empty>Not built yet.</Empty>
    </Page>
  );
}
