import type { JsonScanner } from '../common/json-scanner.js';
import { KeyTable } from '../common/key-table.js';

const TOOL = new KeyTable(['type']);
const LONGEST_TYPE_BYTES = '"\\u006d\\u0063\\u0070"'.length;

/**
 * Whether `tools` offers one of type `mcp`: the upstream itself calls a server elsewhere, and a second run of the
 * same request may act there twice. Code interpreter and web search run in the upstream's own sandbox and leave
 * nothing behind; functions, shell and computer use are run by the client, which sees one answer only.
 */
export function readTools(scanner: JsonScanner): boolean {
  if (!scanner.atArray()) {
    scanner.skipValue();
    return false;
  }
  let found = false;
  const onType = (): void => {
    const { start, end } = scanner.valueSpan();
    if (end - start <= LONGEST_TYPE_BYTES) found ||= isMcp(scanner.bytes.toString('utf8', start, end));
  };
  scanner.elements(() => {
    if (scanner.atObject()) scanner.members(TOOL, 'tools[].', onType);
    else scanner.skipValue();
  });
  return found;
}

function isMcp(raw: string): boolean {
  if (raw === '"mcp"') return true;
  if (!raw.includes('\\')) return false;
  try {
    return JSON.parse(raw) === 'mcp';
  } catch {
    // A bad escape: the upstream will refuse it.
    return false;
  }
}
