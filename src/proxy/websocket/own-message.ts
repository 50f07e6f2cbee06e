import { JsonScanner } from '../../common/json-scanner.js';
import { KeyTable } from '../../common/key-table.js';
import type { RoutingHints } from '../../balancer/routing-hints.js';
import type { Exchange } from '../exchange.js';
import { buildHints, refuseOtherCase } from '../hints.js';
import { scanRequestBody } from '../request-scan.js';
import { readRoutingString } from '../routing-field.js';
import { checkOwnership } from '../../balancer/ownership.js';
import type { RelayParts } from './connection-facts.js';
import type { TurnBook } from './turn-book.js';

const RUNNING = new KeyTable(['response_id'], true);

/**
 * A message that is no create names only what is its tenant's. Null = so it does; otherwise to be awaited: what it names
 * and is not known here is looked for as for a request. Throws, or rejects, as for a create.
 */
export function checkOwnMessage(
  { deps: { balancer } }: RelayParts,
  { id: requestId, caller, route, req }: Exchange,
  message: Buffer,
  book: Pick<TurnBook, 'knows' | 'turns'>,
): Promise<void> | null {
  if (caller.key === null || route === null) return null;
  const body = scanRequestBody(message);
  const built = buildHints({ requestId, caller, route, headers: req.headers, body, alias: null });
  const isHere = (id: string): boolean =>
    book.knows(id) || book.turns.some(({ responseId }) => responseId === id);
  const elsewhere = (id: string | null): string | null => (id === null || isHere(id) ? null : id);
  const hints: RoutingHints = {
    ...built,
    pathResponseId: elsewhere(runningOf(message)),
    previousResponseId: elsewhere(built.previousResponseId),
  };
  const recalled = balancer.strangeReferences(hints).length === 0 ? null : balancer.recall(hints);
  if (recalled !== null) return recalled.then(() => checkOwnership(balancer, hints));
  checkOwnership(balancer, hints);
  return null;
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
