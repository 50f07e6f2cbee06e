import type { JSX } from 'preact';
import { EditProvider, NewProvider } from '../registry/provider-editor.js';
import { ProviderList } from '../registry/provider-list.js';
import { NEW, route } from '../router.js';

export function ProvidersPage(): JSX.Element {
  const id = route.value.path[1];
  if (id === undefined) return <ProviderList />;
  return id === NEW ? <NewProvider /> : <EditProvider key={id} id={id} />;
}
