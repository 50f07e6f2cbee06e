import type { JsonScanner } from '../common/json-scanner.js';
import { KeyTable } from '../common/key-table.js';
import type { BodyDraft } from './body-fields.js';
import { invalidField, readRoutingString } from './routing-field.js';

const TOOL = new KeyTable(['type', 'container', 'environment'], true);
const ENVIRONMENT = new KeyTable(['container_id'], true);
/** Whose they are must be known of each. */
const MAX_CONTAINERS = 64;
const LONGEST_TYPE_BYTES = '"\\u006d\\u0063\\u0070"'.length;

type Found = Pick<BodyDraft, 'hasSideEffects' | 'containerIds'>;

/**
 * Whether `tools` offers one of type `mcp`: the upstream itself calls a server elsewhere, and a second run of the
 * same request may act there twice. Code interpreter and web search run in the upstream's own sandbox and leave
 * nothing behind; functions, shell and computer use are run by the client, which sees one answer only.
 * And the sandboxes of earlier answers that it names: `container`, `environment.container_id`.
 */
export function readTools(scanner: JsonScanner, found: Found): void {
  if (!scanner.atArray()) return scanner.skipValue();
  const containers: string[] = [];
  const addContainer = (path: string): void => {
    if (!scanner.atString()) return scanner.skipValue();
    const id = readRoutingString(scanner, path);
    if (id === null || id === '') return;
    if (containers.length === MAX_CONTAINERS)
      throw invalidField('tools', `must name at most ${MAX_CONTAINERS} containers`);
    containers.push(id);
  };
  const onKey = (key: number): void => {
    if (key === 0) found.hasSideEffects = isMcp(scanner) || found.hasSideEffects;
    else if (key === 1) addContainer('tools[].container');
    else if (!scanner.atObject()) scanner.skipValue();
    else
      scanner.members(ENVIRONMENT, 'tools[].environment.', () =>
        addContainer('tools[].environment.container_id'),
      );
  };
  scanner.elements(() => {
    if (scanner.atObject()) scanner.members(TOOL, 'tools[].', onKey);
    else scanner.skipValue();
  });
  found.containerIds = containers;
}

function isMcp(scanner: JsonScanner): boolean {
  const { start, end } = scanner.valueSpan();
  if (end - start > LONGEST_TYPE_BYTES) return false;
  const raw = scanner.bytes.toString('utf8', start, end);
  if (raw === '"mcp"') return true;
  if (!raw.includes('\\')) return false;
  try {
    return JSON.parse(raw) === 'mcp';
  } catch {
    // A bad escape: the upstream will refuse it.
    return false;
  }
}
