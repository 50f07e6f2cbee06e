import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { UpstreamAccounts } from './upstream-accounts.js';
import type { UpstreamKey } from './upstream-accounts.js';
import { HEAD_FAULTS } from './upstream-broken-answers.js';
import { UpstreamExchange } from './upstream-exchange.js';
import { FaultTable, parseFault } from './upstream-faults.js';
import type { Fault } from './upstream-faults.js';
import { UpstreamLimits } from './upstream-limits.js';
import { UpstreamLedger } from './upstream-ledger.js';
import type { Arrival } from './upstream-ledger.js';
import { errorBody, usageFor } from './upstream-replies.js';
import type { WireUsage } from './upstream-replies.js';
import { answerRoute } from './upstream-routes.js';
import { defaultScript } from './upstream-script.js';
import type { Script } from './upstream-script.js';
import { UpstreamSockets } from './upstream-sockets.js';

export interface FakeUpstreamOptions {
  /** Strings are keys of an organisation of their own. */
  readonly keys: readonly (string | UpstreamKey)[];
  readonly port?: number;
  /** Who may read a stored response: the key that made it, or every key of its organisation. */
  readonly ownership?: 'key' | 'organization';
  /** Idle connections are closed after this long, without any hint in the answer. */
  readonly idleCloseMs?: number;
  readonly script?: Script;
  /** Offers WebSocket mode; without it an upgrade is an ordinary GET, which is 404. */
  readonly websocket?: boolean;
}

/**
 * A stand-in for the Responses API on a real `node:http` server: keys, organisations, sealed reasoning, stored responses,
 * exact event order, and a ledger of every arrival. Misbehaves on demand (`faults`, or `fault:<mode>` as the model).
 */
export class FakeUpstream {
  readonly ledger = new UpstreamLedger();
  readonly faults = new FaultTable();
  readonly limits = new UpstreamLimits();
  readonly accounts: UpstreamAccounts;
  readonly sockets = new UpstreamSockets(this);
  script: Script;
  /** Added to every answer. */
  extraHeaders: Record<string, string> = {};
  /** Model ids that `/v1/models` lists. */
  models = ['gpt-5.5', 'gpt-5.5-mini'];
  /** What an answer says it cost; replaced where the default is not like an upstream enough. */
  usage: (n: number, body: Readonly<Record<string, unknown>>, organization: string) => WireUsage | null =
    usageFor;
  connections = 0;
  readonly #steps: (() => void)[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #idle = new Map<Socket, NodeJS.Timeout>();
  readonly #server: Server;
  readonly #idleCloseMs: number;
  #n = 0;

  private constructor(options: FakeUpstreamOptions) {
    const keys = options.keys.map((k, i) =>
      typeof k === 'string' ? { key: k, organization: `org-${i + 1}` } : k,
    );
    this.accounts = new UpstreamAccounts(keys, options.ownership ?? 'key');
    this.script = options.script ?? defaultScript;
    this.#idleCloseMs = options.idleCloseMs ?? 0;
    this.#server = createServer({ maxHeaderSize: 256 * 1024, requireHostHeader: false }, (req, res) => {
      void this.#serve(req, res);
    });
    this.#server.keepAliveTimeout = 0;
    this.#server.requestTimeout = 0;
    this.#server.on('connection', (socket) => this.#track(socket));
    if (options.websocket === true)
      this.#server.on('upgrade', (req, socket, head) => this.sockets.upgrade(req, socket, head));
  }

  static async start(options: FakeUpstreamOptions): Promise<FakeUpstream> {
    const upstream = new FakeUpstream(options);
    await upstream.listen(options.port ?? 0);
    return upstream;
  }

  listen(port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, '127.0.0.1', () => resolve());
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** What `PROXY_UPSTREAM_BASE_URL` wants. */
  get baseUrl(): string {
    return `http://127.0.0.1:${this.port}/v1`;
  }

  get openConnections(): number {
    return this.#sockets.size;
  }

  /** Ends the connections that wait for another request, as an upstream may at any time. */
  closeIdle(): void {
    this.#server.closeIdleConnections();
  }

  /** Lets every `plan:stepped` stream write its next event. */
  step(): void {
    for (const go of this.#steps.splice(0)) go();
  }

  nextStep(): Promise<void> {
    return new Promise((resolve) => this.#steps.push(resolve));
  }

  /** Stops listening and cuts every connection; `listen(port)` brings it back. */
  async stop(): Promise<void> {
    this.step();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async #serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
    clearTimeout(this.#idle.get(req.socket));
    const x = new UpstreamExchange(req, res, this.#arrival(req));
    res.on('error', () => undefined);
    res.once('close', () => this.#closeWhenIdle(req.socket));
    x.headers = this.#headers(x.arrival, req);
    const [path = ''] = (req.url ?? '').split('?');
    const early = this.#faultOf(x, path);
    x.arrival.fault = early?.mode ?? null;
    if (early?.mode === 'reset_upload') return void req.once('data', () => x.reset());
    if (early?.mode === 'early_413') return this.#refuseEarly(x, early);
    if (!(await x.readBody())) return;
    x.arrival.model = typeof x.arrival.json?.['model'] === 'string' ? x.arrival.json['model'] : null;
    x.arrival.stream = x.arrival.json?.['stream'] === true;
    const fault = early ?? (path === '/v1/responses' ? parseFault(x.arrival.model) : null);
    x.arrival.fault = fault?.mode ?? null;
    const head = fault ? HEAD_FAULTS[fault.mode] : undefined;
    if (head && fault) return void (await head(x, fault));
    if (x.arrival.organization === null) return this.#unknownKey(x);
    if (path === '/v1/responses' && !this.limits.take(x.arrival.key, x.arrival.bodyBytes))
      return this.#limited(x);
    Object.assign(x.headers, this.limits.headers(x.arrival.key));
    await answerRoute(this, x, fault);
  }

  #limited(x: UpstreamExchange): void {
    const message = 'Rate limit reached for requests.';
    x.json(429, errorBody(message, 'requests', 'rate_limit_exceeded'), this.limits.headers(x.arrival.key));
  }

  #faultOf(x: UpstreamExchange, path: string): Fault | null {
    const header = x.req.headers['x-fake-fault'];
    return parseFault(header) ?? this.faults.take(x.arrival.key, x.arrival.method, path);
  }

  /** The answer comes while the body is still on its way: what is left of it is read (`lingers`), or cut off. */
  #refuseEarly(x: UpstreamExchange, fault: Fault): void {
    const body = errorBody('Request too large.', 'invalid_request_error', 'request_too_large');
    if (fault.params['lingers'] === undefined) return x.json(413, body, { connection: 'close' });
    x.req.resume();
    const text = JSON.stringify(body);
    x.raw(
      `HTTP/1.1 413 Too Large\r\ncontent-type: application/json\r\ncontent-length: ${text.length}\r\n\r\n${text}`,
    );
  }

  #unknownKey(x: UpstreamExchange): void {
    x.json(401, errorBody('Incorrect API key provided.', 'invalid_request_error', 'invalid_api_key'));
  }

  #arrival(req: IncomingMessage): Arrival {
    const key = /^Bearer (.+)$/.exec(req.headers.authorization ?? '')?.[1] ?? null;
    const arrival: Arrival = {
      n: ++this.#n,
      at: Date.now(),
      key,
      organization: this.accounts.organizationOf(key),
      method: req.method ?? '',
      path: req.url ?? '',
      rawHeaders: req.rawHeaders,
      connection: (req.socket as Socket & { number?: number }).number ?? 0,
      bodyBytes: 0,
      bodySha256: null,
      bodyComplete: false,
      json: null,
      model: null,
      stream: false,
      fault: null,
      status: null,
      responseId: null,
      usage: null,
      responseBytes: 0,
      responseSha256: null,
      paused: false,
      ended: 'open',
      endedAt: null,
    };
    this.ledger.add(arrival);
    return arrival;
  }

  #headers(arrival: Arrival, req: IncomingMessage): Record<string, string> {
    const turnState = req.headers['x-codex-turn-state'];
    return {
      'x-request-id': `req_${randomUUID().replaceAll('-', '')}`,
      'openai-organization': arrival.organization ?? 'unknown',
      'openai-version': '2020-10-01',
      'openai-processing-ms': '12',
      'x-ratelimit-limit-requests': '10000',
      'x-ratelimit-remaining-requests': '9999',
      'x-ratelimit-reset-requests': '6ms',
      'x-ratelimit-limit-tokens': '2000000',
      'x-ratelimit-remaining-tokens': '1999000',
      'x-ratelimit-reset-tokens': '30ms',
      ...(req.headers['session-id']
        ? { 'x-codex-turn-state': String(turnState ?? `ts-${randomUUID()}`) }
        : {}),
      ...this.extraHeaders,
    };
  }

  #track(socket: Socket): void {
    this.connections += 1;
    Object.assign(socket, { number: this.connections });
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => {
      clearTimeout(this.#idle.get(socket));
      this.#idle.delete(socket);
      this.#sockets.delete(socket);
    });
  }

  #closeWhenIdle(socket: Socket): void {
    if (this.#idleCloseMs === 0) return;
    this.#idle.set(socket, setTimeout(() => socket.destroy(), this.#idleCloseMs).unref());
  }
}
