import { Seconds, Switch, WholeNumber } from './env-variable.js';

/** The relay of Responses WebSocket mode, and what one connection may cost. */
export class WebsocketEnv {
  @Switch({
    default: true,
    meaning: 'Responses WebSocket mode; `off` answers every upgrade with 426, and clients use HTTP.',
  })
  readonly PROXY_WEBSOCKET!: boolean;

  @WholeNumber({
    default: 1_000,
    min: 1,
    max: 100_000,
    meaning: 'Most WebSocket connections of clients at once; beyond it upgrades are answered with 503.',
  })
  readonly PROXY_WEBSOCKET_MAX_SOCKETS!: number;

  @WholeNumber({
    default: 33_554_432,
    min: 1024,
    max: 1_073_741_824,
    meaning:
      'Largest WebSocket message in bytes, in either direction; a larger one ends the connection (1009).',
  })
  readonly PROXY_WEBSOCKET_MAX_MESSAGE_BYTES!: number;

  @WholeNumber({
    default: 1_024,
    min: 1,
    max: 131_072,
    meaning: 'Most frames a WebSocket message may be cut into; more end the connection (1008).',
  })
  readonly PROXY_WEBSOCKET_MAX_FRAGMENTS!: number;

  @WholeNumber({
    default: 1_048_576,
    min: 1024,
    max: 268_435_456,
    meaning: 'Bytes waiting for one side of a WebSocket above which the other side is not read.',
  })
  readonly PROXY_WEBSOCKET_MAX_BUFFERED_BYTES!: number;

  @Seconds({
    default: 600,
    meaning: 'A WebSocket without an open response and without a message for this long is closed (1001).',
  })
  readonly PROXY_WEBSOCKET_IDLE_TIMEOUT_SECONDS!: number;

  @Seconds({
    default: 4,
    meaning:
      'How long one upstream may take over a WebSocket handshake. Three attempts must fit into the 15 s a client waits.',
  })
  readonly PROXY_WEBSOCKET_HANDSHAKE_TIMEOUT_SECONDS!: number;
}
