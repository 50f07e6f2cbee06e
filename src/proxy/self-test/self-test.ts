import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { BadTokenLimiter } from '../../common/bad-token-limiter.js';
import { bearerToken } from '../../common/bearer-token.js';
import type { Clock } from '../../common/clock.js';
import { ProxyError } from '../../common/errors.js';
import type { Secret } from '../../common/secret.js';
import { readSelfTest, SELF_TEST_HEADER, type SelfTestPlan } from '../../common/self-test.js';

/** Each holds a connection and a timer. */
const MOST_AT_ONCE = 10;
/** A close frame with 1000. */
const NORMAL_CLOSURE = Buffer.from([0x88, 2, 0x03, 0xe8]);
const ACCEPT_SUFFIX = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

interface Asked {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly id: string;
}

/**
 * Answers the doctor's questions at the address and the route that agents use, so that whatever stands between shows:
 * a paced stream with a silence, an echo of what arrived, a WebSocket that opens. Nothing goes upstream or into the
 * history. Whoever may use /v1 may ask, and whoever has the admin token.
 */
export class SelfTest {
  readonly #token: Buffer | null;
  readonly #limiter = new BadTokenLimiter();
  #open = 0;

  constructor(
    token: Secret | null,
    private readonly clock: Clock,
  ) {
    this.#token = token === null ? null : digest(token.reveal());
  }

  /** Null = an ordinary request. */
  static planOf(req: IncomingMessage): SelfTestPlan | null {
    return req.url === '/v1/responses' ? readSelfTest(req.headers[SELF_TEST_HEADER]) : null;
  }

  /** Throws what the caller is to be told. `admit` is the door of /v1. */
  answer(plan: SelfTestPlan, { req, res, id }: Asked, admit: () => unknown): void {
    this.#admit(req, admit);
    this.#open++;
    res.once('close', () => this.#open--);
    if (plan.kind === 'stream') stream(plan, res, id);
    else echo(req, res, id);
  }

  /** Opens, says one word and closes. */
  upgrade(req: IncomingMessage, socket: Socket, admit: () => unknown): void {
    socket.on('error', () => undefined);
    try {
      this.#admit(req, admit);
    } catch {
      socket.end('HTTP/1.1 401 Unauthorized\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
      return;
    }
    const key = req.headers['sec-websocket-key'] ?? '';
    const accept = createHash('sha1').update(`${key}${ACCEPT_SUFFIX}`).digest('base64');
    const head = `upgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: ${accept}`;
    const text = Buffer.from('self-test');
    const frames = [Buffer.from([0x81, text.length]), text, NORMAL_CLOSURE];
    socket.end(
      Buffer.concat([Buffer.from(`HTTP/1.1 101 Switching Protocols\r\n${head}\r\n\r\n`), ...frames]),
    );
  }

  #admit(req: IncomingMessage, admit: () => unknown): void {
    const token = bearerToken(req);
    const isOperator = token !== null && this.#token !== null && timingSafeEqual(digest(token), this.#token);
    if (!isOperator) this.#admitByDoor(req, token, admit);
    if (this.#open >= MOST_AT_ONCE)
      throw new ProxyError('overloaded', `${MOST_AT_ONCE} self-tests are running; wait for their end.`, {
        retryAfterSeconds: 5,
      });
  }

  /** The door does not count what it takes for no key at all; here it could be a guess at the admin token. */
  #admitByDoor(req: IncomingMessage, token: string | null, admit: () => unknown): void {
    try {
      admit();
    } catch (e: unknown) {
      const wait =
        token === null || this.#token === null
          ? null
          : this.#limiter.count(req.socket.remoteAddress ?? '', this.clock.monotonic());
      if (wait === null) throw e;
      throw new ProxyError('too_many_attempts', 'Too many wrong tokens from this address; wait a minute.', {
        retryAfterSeconds: wait,
      });
    }
  }
}

function stream({ events, gapMs, silenceMs }: SelfTestPlan, res: ServerResponse, requestId: string): void {
  // As upstreams do: whatever stands between treats it like an answer.
  res.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'x-proxy-request-id': requestId,
    'x-proxy-reason': 'self_test',
  });
  const startedAt = performance.now();
  let sent = 0;
  let timer: NodeJS.Timeout;
  const next = (): void => {
    sent++;
    const atMs = Math.round(performance.now() - startedAt);
    res.write(`event: self_test\ndata: ${JSON.stringify({ n: sent, at_ms: atMs })}\n\n`);
    if (sent > events) {
      res.end();
      return;
    }
    timer = setTimeout(next, sent === events ? silenceMs : gapMs);
  };
  res.once('close', () => clearTimeout(timer));
  next();
}

/** What arrived: names and sizes, no values. */
function echo(req: IncomingMessage, res: ServerResponse, requestId: string): void {
  let bytes = 0;
  req.on('data', (chunk: Buffer) => (bytes += chunk.length));
  req.once('end', () => {
    const body = JSON.stringify({ headers: Object.keys(req.headers), body_bytes: bytes });
    res.writeHead(200, { 'content-type': 'application/json', 'x-proxy-request-id': requestId });
    res.end(body);
  });
  req.once('error', () => res.destroy());
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
