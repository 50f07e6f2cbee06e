import type { JSX } from 'preact';
import { SessionListView } from '../components/session-list.js';
import { SessionView } from '../components/session-view.js';
import { route } from '../router.js';

export function SessionsPage(): JSX.Element {
  const id = route.value.path[1];
  return id === undefined ? <SessionListView /> : <SessionView id={id} />;
}
