import { JsonScanner } from '../../common/json-scanner.js';
import { KeyTable } from '../../common/key-table.js';
import type { Exchange } from '../exchange.js';
import { buildHints, refuseOtherCase } from '../hints.js';
import { scanRequestBody } from '../request-scan.js';
import { readRoutingString } from '../routing-field.js';
import { checkOwnership } from '../../balancer/ownership.js';
import type { RelayParts } from './connection-facts.js';
import type { TurnBook } from './turn-book.js';

const RUNNING = new KeyTable(['response_id'], true);

/**
 * A message that is no create names only what is its tenant's. Nothing is looked up for it, as messages keep their
 * order and it has no answer to wait for: what is not known here is refused like what nobody knows. Throws.
 */
export function checkOwnMessage(
  { deps }: RelayParts,
  { id: requestId, caller, route, req }: Exchange,
  message: Buffer,
  book: Pick<TurnBook, 'knows' | 'turns'>,
): void {
  if (caller.key === null || route === null) return;
  const body = scanRequestBody(message);
  const hints = buildHints({ requestId, caller, route, headers: req.headers, body, alias: null });
  const isHere = (id: string): boolean =>
    book.knows(id) || book.turns.some(({ responseId }) => responseId === id);
  checkOwnership(deps.balancer, { ...hints, pathResponseId: runningOf(message) }, isHere);
}

/** The response that `response.inject` is for. */
function runningOf(message: Buffer): string | null {
  let id: string | null = null;
  const scanner = new JsonScanner(message);
  scanner.document(RUNNING, '', () => {
    id = readRoutingString(scanner, 'response_id');
  });
  refuseOtherCase(scanner.otherCase);
  return id === '' ? null : id;
}
