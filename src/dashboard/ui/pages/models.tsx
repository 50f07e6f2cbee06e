import type { JSX } from 'preact';
import { EditModel, NewModel } from '../registry/model-editor.js';
import { ModelList } from '../registry/model-list.js';
import { NEW, route } from '../router.js';

export function ModelsPage(): JSX.Element {
  const id = route.value.path[1];
  if (id === undefined) return <ModelList />;
  return id === NEW ? <NewModel /> : <EditModel key={id} id={id} />;
}
