import type { JSX } from 'preact';
import { EditKey } from '../registry/edit-key.js';
import { KeyList } from '../registry/key-list.js';
import { NewKey } from '../registry/new-key.js';
import { NEW, route } from '../router.js';

export function KeysPage(): JSX.Element {
  const id = route.value.path[1];
  if (id === undefined) return <KeyList />;
  return id === NEW ? <NewKey /> : <EditKey key={id} id={id} />;
}
