import type { IncomingMessage } from 'node:http';
import { isForeignOrigin } from '../../common/caller.js';
import { ProxyError } from '../../common/errors.js';
import { hasOneHost } from '../one-host.js';
import { matchRoute } from '../route-grammar.js';
import type { ProxyRoute } from '../route-grammar.js';

const PATH = '/v1/responses';
const KEY = /^[+/0-9A-Za-z]{22}==$/;

/** The one route with a WebSocket, as what it is to the upstream: a GET without a body. Throws for any other. */
export function upgradeRoute(url: string): ProxyRoute {
  if (url.split('?', 1)[0] !== PATH) {
    throw new ProxyError('upgrade_required', `WebSocket mode is at ${PATH} only; use HTTP here.`);
  }
  return { ...matchRoute('POST', url), method: 'GET', idempotent: true, hasBody: false };
}

/** What must be right before an upstream is bothered. */
export function checkUpgrade(req: IncomingMessage): void {
  const { headers } = req;
  // Unlike an answer over HTTP, a WebSocket is readable by the page that opened it, whatever CORS says.
  if (headers.origin !== undefined && isForeignOrigin(headers)) {
    throw new ProxyError('forbidden', 'The WebSocket was asked for by a web page of another site.');
  }
  if (!hasOneHost(req)) throw invalid('it must have one Host');
  if (req.method !== 'GET') throw invalid('it must be a GET');
  if (headers['sec-websocket-version'] !== '13') throw invalid('sec-websocket-version must be 13');
  if (!KEY.test(headers['sec-websocket-key'] ?? ''))
    throw invalid('sec-websocket-key is not 16 bytes in base64');
}

function invalid(what: string): ProxyError {
  return new ProxyError('invalid_upgrade', `The upgrade request is not valid: ${what}.`);
}
