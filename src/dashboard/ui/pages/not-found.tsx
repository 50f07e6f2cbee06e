import type { JSX } from 'preact';
import { Empty } from '../components/notice.js';
import { Page } from '../components/page.js';
import { href, route } from '../router.js';

export function NotFoundPage(): JSX.Element {
  return (
    <Page title="No such page">
      <Empty>
        <p>
          There is no page <code>{`/${route.value.path.join('/')}`}</code> here.
        </p>
        <p>
          <a href={href('/')}>Go to the overview</a>
        </p>
      </Empty>
    </Page>
  );
}
