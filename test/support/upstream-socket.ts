import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import type { FakeUpstream } from './fake-upstream.js';
import { pause } from './until.js';
import { numberParam, parseFault } from './upstream-faults.js';
import { errorBody, eventsOf, messageItem, responseObject } from './upstream-replies.js';
import type { SseEvent, WireResponse, WireUsage } from './upstream-replies.js';

type Json = Readonly<Record<string, unknown>>;

/** One `response.create`, or a successor nobody created (`json` is then the steer). */
export interface SocketCreate {
  readonly key: string;
  readonly json: Json;
  readonly lane: string | null;
  responseId: string | null;
  usage: WireUsage | null;
  fault?: string | null;
  /** Status of the refusal, when it was one. */
  refused?: number;
}

interface Running {
  readonly response: WireResponse;
  steered: Json | null;
}

let numbered = 0;

/** One connection of the fake upstream: lanes in order, a cache of the latest response in each, warm-ups, steering. */
export class UpstreamSocket {
  readonly creates: SocketCreate[] = [];
  /** As they came and as they left. */
  readonly received: Buffer[] = [];
  readonly sent: Buffer[] = [];
  readonly binary: boolean[] = [];
  closed: { readonly code: number; readonly at: number } | null = null;
  pings = 0;
  readonly #lanes = new Map<string, Promise<void>>();
  readonly #latest = new Map<string, string>();
  readonly #running = new Map<string, Running>();

  constructor(
    private readonly up: FakeUpstream,
    readonly ws: WebSocket,
    readonly key: string,
    readonly organization: string,
    readonly req: IncomingMessage,
  ) {
    ws.on('message', (data: Buffer, isBinary) => {
      this.received.push(Buffer.from(data));
      this.binary.push(isBinary);
      this.#message(data);
    });
    ws.on('ping', () => (this.pings += 1));
    ws.on('error', () => undefined);
    ws.once('close', (code) => (this.closed = { code, at: Date.now() }));
  }

  /** Raw text, recorded. */
  send(text: string | Buffer): void {
    const data = Buffer.from(text as string);
    this.sent.push(data);
    this.ws.send(data, { binary: false });
  }

  event(event: object, lane: string | null = null): void {
    this.send(JSON.stringify(lane === null ? event : { ...event, stream_id: lane }));
  }

  #message(data: Buffer): void {
    let json: Json;
    try {
      json = JSON.parse(data.toString()) as Json;
    } catch {
      return this.#error(400, errorBody('not JSON', 'invalid_request_error', null), null);
    }
    const lane = typeof json['stream_id'] === 'string' ? json['stream_id'] : null;
    if (json['type'] === 'response.steer') return this.#steer(json, lane);
    if (json['type'] !== 'response.create')
      return this.event({ type: 'echo', got: json['type'] ?? null }, lane);
    const create: SocketCreate = { key: this.key, json, lane, responseId: null, usage: null };
    this.creates.push(create);
    const before = this.#lanes.get(lane ?? '') ?? Promise.resolve();
    this.#lanes.set(
      lane ?? '',
      before.then(() => this.#respond(create)),
    );
  }

  #steer(json: Json, lane: string | null): void {
    const running = this.#running.get(lane ?? '');
    if (running) running.steered = json;
    this.event({ type: running ? 'response.steer.accepted' : 'response.steer.failed' }, lane);
  }

  async #respond(create: SocketCreate): Promise<void> {
    const { json, lane } = create;
    const fault = parseFault(json['model']) ?? this.up.faults.takeForSocket(this.key);
    create.fault = fault?.mode ?? null;
    if (fault?.mode === 'ws_error') {
      const status = numberParam(fault, 'status', 429);
      const code = fault.params['code'] ?? 'rate_limit_exceeded';
      const wait = fault.params['wait'] ?? '7';
      const left = fault.params['left'];
      const headers = {
        ...(wait === 'none' ? {} : { 'retry-after': wait }),
        ...(left === undefined
          ? {}
          : { 'x-ratelimit-remaining-tokens': left, 'x-ratelimit-reset-tokens': '60s' }),
      };
      return this.#error(status, errorBody('Refused.', 'x', code), lane, headers);
    }
    if (fault?.mode === 'ws_failed') {
      const error = { code: fault.params['code'] ?? 'server_error', message: 'Refused.' };
      const response = { id: `resp_failed_${(numbered += 1)}`, object: 'response', status: 'failed', error };
      return this.event({ type: 'response.failed', response }, lane);
    }
    const refusal = this.#refusal(json, lane);
    if (refusal) {
      create.refused = refusal.status;
      return this.#error(refusal.status, refusal.body, lane);
    }
    if (fault?.mode === 'ws_silent') return;
    numbered += 1;
    const warmUp = json['generate'] === false;
    const deltas = numberParam(fault, 'n', 4);
    const big = numberParam(fault, 'bytes', 0);
    const { key, organization } = this;
    const output = warmUp
      ? []
      : big > 0
        ? [messageItem('x'.repeat(big))]
        : numberParam(fault, 'n', 0) > 0
          ? [messageItem('abcdefgh'.repeat(deltas))]
          : this.up.script(json, { n: numbered, organization, accounts: this.up.accounts });
    const response = responseObject(json, output, this.#usage(json));
    create.responseId = response.id;
    create.usage = response.usage;
    if (json['store'] !== false) this.up.accounts.store(key, response, json['input'], []);
    const running: Running = { response, steered: null };
    this.#running.set(lane ?? '', running);
    const last = await this.#play(eventsOf(response, deltas), fault, running, lane);
    this.#running.delete(lane ?? '');
    if (last === 'gone') return;
    this.#latest.set(lane ?? '', response.id);
    if (last === 'steered' && running.steered) await this.#continue(running.steered, response.id, create);
  }

  async #play(
    events: readonly SseEvent[],
    fault: ReturnType<typeof parseFault>,
    running: Running,
    lane: string | null,
  ): Promise<'done' | 'gone' | 'steered'> {
    const interval = numberParam(fault, 'interval', 0);
    const cut = fault?.mode === 'ws_close' ? numberParam(fault, 'after', 3) : Infinity;
    for (const [i, event] of events.entries()) {
      if (i >= cut) {
        const code = numberParam(fault, 'code', 0);
        if (code === 0) this.ws.terminate();
        else this.ws.close(code, 'because');
        return 'gone';
      }
      if (fault?.mode === 'ws_stall' && i >= 3) return 'gone';
      if (fault?.mode === 'ws_raw' && i === 3) {
        this.#raw(Buffer.from(fault.params['hex'] ?? '', 'hex'), numberParam(fault, 'times', 1));
        if (fault.params['on'] === undefined) return 'gone';
      }
      if (i > 0 && interval > 0) await pause(interval);
      if (this.ws.readyState !== this.ws.OPEN) return 'gone';
      if (running.steered) {
        const response = {
          ...running.response,
          status: 'incomplete',
          incomplete_details: { reason: 'steered' },
        };
        this.event({ type: 'response.incomplete', response }, lane);
        return 'steered';
      }
      this.event(event, lane);
    }
    return 'done';
  }

  /** Past the library, which would never send such frames. */
  #raw(bytes: Buffer, times: number): void {
    const { _socket: socket } = this.ws as unknown as { readonly _socket: Socket };
    socket.write(Buffer.concat(Array.from({ length: times }, () => bytes)));
  }

  async #continue(steer: Json, previous: string, before: SocketCreate): Promise<void> {
    const json = { ...before.json, model: 'gpt-5.5', input: steer['input'], previous_response_id: previous };
    const create: SocketCreate = {
      key: this.key,
      json: steer,
      lane: before.lane,
      responseId: null,
      usage: null,
    };
    this.creates.push(create);
    numbered += 1;
    const response = responseObject(json, [messageItem('steered')], this.#usage(json));
    create.responseId = response.id;
    create.usage = response.usage;
    for (const event of eventsOf(response)) this.event(event, before.lane);
    this.#latest.set(before.lane ?? '', response.id);
    await Promise.resolve();
  }

  #usage(json: Json): WireUsage | null {
    return this.up.usage(numbered, json, this.organization);
  }

  #refusal(json: Json, lane: string | null): { status: number; body: object } | null {
    const previous = json['previous_response_id'];
    if (typeof previous !== 'string' || this.#latest.get(lane ?? '') === previous)
      return this.up.accounts.check(this.key, { ...json, previous_response_id: undefined });
    return this.up.accounts.check(this.key, json);
  }

  #error(status: number, body: object, lane: string | null, headers?: object): void {
    this.event({ type: 'error', status, ...body, ...(headers ? { headers } : {}) }, lane);
  }
}
