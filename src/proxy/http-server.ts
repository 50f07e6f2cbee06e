import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { ServerConfig } from '../config/app-config.js';
import { admitPipelined, endIdle, endUnreadBody, limitStalledAnswer } from './connection-limits.js';
import { watchHalfClosed } from './half-closed.js';
import { refuseUnlessOneHost } from './one-host.js';
import { isProxyPath } from './proxy-path.js';
import { SecondLook } from './second-look.js';
import { isRelayed, serveUnupgraded } from './upgrade-request.js';

export type HotPath = (req: IncomingMessage, res: ServerResponse) => void;
export type UpgradePath = (req: IncomingMessage, socket: Socket, head: Buffer) => void;

const BODY_GRACE_MS = 15_000;

/**
 * Node's server with the settings streams need, dispatching /v1 ahead of Express: Express costs as much CPU per request
 * as everything else here together (it re-parents req and res, which spoils the runtime's inline caches).
 */
export function createProxyServer(
  config: ServerConfig,
  rest: RequestListener,
  hotPath: () => HotPath | null,
  upgradePath: () => UpgradePath | null = () => null,
): Server {
  const secondLook = new SecondLook();
  // Receiving only. Bodies of the hot path have limits of their own, which come first and say more.
  const requestTimeout = Math.max(config.bodyTotalTimeoutMs, config.headersTimeoutMs) + BODY_GRACE_MS;
  const dispatch = (req: IncomingMessage, res: ServerResponse): void => {
    secondLook.begun(req, requestTimeout);
    if (refuseUnlessOneHost(req, res) || !admitPipelined(req.socket, res)) return;
    const hot = isProxyPath(req.url) ? hotPath() : null;
    if (hot !== null) {
      hot(req, res);
      return;
    }
    limitStalledAnswer(res, config.clientStallTimeoutMs);
    endUnreadBody(req, res);
    void rest(req, res);
  };
  const server = createServer(
    {
      maxHeaderSize: config.maxHeaderBytes,
      headersTimeout: config.headersTimeoutMs,
      requestTimeout,
      connectionsCheckingInterval: 5_000,
      keepAliveTimeout: config.keepAliveTimeoutMs,
      noDelay: true,
      insecureHTTPParser: false,
      // Looked at here: Node's own refusal serves what stands behind the request, and leaves upgrades out.
      requireHostHeader: false,
      ...UPGRADES,
    },
    dispatch,
  );
  // 0 = all of them reach us: past its own limit Node drops pairs silently, and a dropped header is a lie.
  server.maxHeadersCount = 0;
  server.maxConnections = config.maxConnections;
  // The hot path answers `Expect: 100-continue` itself, after access and size are checked.
  server.on('checkContinue', (req: IncomingMessage, res: ServerResponse) => {
    if (!isProxyPath(req.url)) res.writeContinue();
    dispatch(req, res);
  });
  server.on('timeout', endIdle);
  server.on('clientError', (error: NodeJS.ErrnoException, socket: AnsweringSocket) => {
    const refuse = (): void => answerUnreadable(error, socket);
    if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') secondLook.at(socket, socket._httpMessage ?? null, refuse);
    else refuse();
  });
  server.on('upgrade', (req: IncomingMessage, socket: Socket, head: Buffer) => {
    secondLook.heard(socket);
    const upgrade = isRelayed(req) ? upgradePath() : null;
    if (upgrade === null) serveUnupgraded(server, req, socket, head);
    else upgrade(req, socket, head);
  });
  followHalfClosed(server);
  return server;
}

/** Where Node asks (24, late 22), everything but a WebSocket for us stays an ordinary request; 20 ignores the option. */
const UPGRADES: object = { shouldUpgradeCallback: isRelayed };

/** Half-closed sockets stay open for answers of the hot path only; everything else ends with its client. */
function followHalfClosed(server: Server): void {
  (server as Server & { httpAllowHalfOpen: boolean }).httpAllowHalfOpen = true;
  // A connection that starts over after an upgrade nobody wanted comes twice.
  const followed = new WeakSet<Socket>();
  server.on('connection', (socket: AnsweringSocket) => {
    if (followed.has(socket)) return;
    followed.add(socket);
    socket.on('end', () => {
      const res = socket._httpMessage;
      if (!res) socket.end();
      else if (isProxyPath(res.req.url) && res.req.httpVersionMinor === 1) watchHalfClosed(socket, res);
      else if (!res.writableEnded) socket.destroy();
    });
  });
}

type AnsweringSocket = Socket & { _httpMessage?: ServerResponse | null };

function answerUnreadable(error: NodeJS.ErrnoException, socket: AnsweringSocket): void {
  const res = socket._httpMessage ?? null;
  // In the middle of an answer, another one would be read as its continuation.
  if (error.code === 'ECONNRESET' || !socket.writable || res?.headersSent === true) {
    socket.destroy();
    return;
  }
  const [status, code, message] = unreadable(error.code, res !== null);
  const body = JSON.stringify({ error: { message, type: 'invalid_request_error', param: null, code } });
  socket.end(
    `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nx-should-retry: false\r\nconnection: close\r\n\r\n${body}`,
  );
}

function unreadable(code: string | undefined, inBody: boolean): [string, string, string] {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return [
        '431 Request Header Fields Too Large',
        'headers_too_large',
        'The request head is too large (PROXY_MAX_HEADER_BYTES).',
      ];
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      if (inBody) {
        const message = 'The request body took too long (PROXY_BODY_TIMEOUT_SECONDS).';
        return ['408 Request Timeout', 'body_timeout', message];
      }
      return [
        '408 Request Timeout',
        'header_timeout',
        'The request head took too long (PROXY_HEADERS_TIMEOUT_SECONDS).',
      ];
    default:
      return ['400 Bad Request', 'invalid_http', 'The bytes received are not a valid HTTP/1.1 request.'];
  }
}
