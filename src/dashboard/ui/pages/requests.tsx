import type { JSX } from 'preact';
import { RequestListView } from '../components/request-list.js';
import { RequestView } from '../components/request-view.js';
import { route } from '../router.js';

export function RequestsPage(): JSX.Element {
  const id = route.value.path[1];
  return id === undefined ? <RequestListView /> : <RequestView id={id} />;
}
