import { CLIENT_PATIENCE_MS } from './close-socket.js';
import type { WebsocketConfig } from '../../config/app-config.js';

interface SocketOptions {
  readonly perMessageDeflate: false;
  readonly maxPayload: number;
  readonly maxFragments: number;
  readonly closeTimeout: number;
}

/**
 * The same limits towards both sides. No compression: clients only offer it, it costs a window of memory for each
 * connection, and what is not inflated here cannot blow up here.
 */
export function socketOptions({ maxMessageBytes, maxFragments }: WebsocketConfig): SocketOptions {
  return {
    perMessageDeflate: false,
    maxPayload: maxMessageBytes,
    maxFragments,
    closeTimeout: CLIENT_PATIENCE_MS,
  };
}
