import type { Readable } from 'node:stream';
import { Pool } from 'undici';
import type { Dispatcher } from 'undici';
import type { UpstreamConfig } from '../config/app-config.js';
import { AddressRules } from '../common/address-rules.js';
import type { Resource } from '../resources/resource.js';
import { guardedLookup, type GuardedLookup } from './guarded-lookup.js';
import { ModelListSink, type ModelList } from './model-list-sink.js';
import { bytesOf, joined, slices, type OutgoingBody } from './outgoing-body.js';
import { ProbeSink } from './probe-sink.js';
import { readsBeforeReset } from './read-before-reset.js';
import { credentialHeaders } from './request-headers.js';
import type { ProbeAnswer } from './probe-sink.js';
import { TrialSink, type TrialAnswer } from './trial-sink.js';
import { UpstreamCall } from './upstream-call.js';
import type { UpstreamSink } from './upstream-call.js';

/**
 * Idle upstream sockets live less long than the shortest keep-alive seen in the field (5 s), with room for undici's
 * coarse timers: a request written to a socket the upstream has just closed cannot be resent safely.
 */
const IDLE_SOCKET_MS = 3_000;
/** Bodies above this go on a fresh socket: losing one to a stale socket costs too much to risk. */
const FRESH_SOCKET_BYTES = 1024 * 1024;

export interface UpstreamRequest {
  readonly resource: Resource;
  readonly method: string;
  /** Below the resource's base URL, with query: `/responses/resp_1?include[]=x`. */
  readonly path: string;
  /** Flat name, value list; complete but for `host` and `content-length`. */
  readonly headers: readonly string[];
  readonly body: OutgoingBody | null;
}

/** Sends to upstreams over pooled connections, one pool an origin. Never follows redirects, never retries. */
export class UpstreamClient {
  readonly #reusing = new Map<string, Pool>();
  readonly #fresh = new Map<string, Pool>();
  readonly #bases = new Map<string, { origin: string; path: string }>();

  /** For connections of guarded resources that others make. */
  readonly lookup: GuardedLookup;

  /** 0 = none: undici's timers may be half a second early, so where the total limit comes no later the attempt tells which it was. */
  readonly #firstByteMs: number;

  constructor(private readonly limits: UpstreamConfig) {
    const { firstByteTimeoutMs, totalTimeoutMs } = limits;
    this.#firstByteMs = firstByteTimeoutMs < totalTimeoutMs ? firstByteTimeoutMs : 0;
    this.lookup = guardedLookup(new AddressRules(limits.allowCidrs));
  }

  send(request: UpstreamRequest, sink: UpstreamSink): UpstreamCall {
    const call = new UpstreamCall(sink);
    const base = this.#base(request.resource.baseUrl);
    const { body } = request;
    const length = bytesOf(body);
    const large = length > FRESH_SOCKET_BYTES;
    const headers = request.headers as string[];
    const options: Dispatcher.DispatchOptions = {
      origin: base.origin,
      path: base.path + request.path,
      method: request.method,
      headers: large ? [...headers, 'content-length', String(length)] : headers,
      // undici takes any iterable of buffers; its types do not say so.
      body: large && body ? (slices(body) as unknown as Readable) : body && joined(body),
      headersTimeout: this.#firstByteMs,
      bodyTimeout: this.limits.idleTimeoutMs,
    };
    try {
      this.#pool(base.origin, large, request.resource.guarded).dispatch(options, call);
    } catch (error: unknown) {
      // undici validates synchronously; report later so that every caller sees one order of events.
      queueMicrotask(() => call.fail(error));
    }
    return call;
  }

  /** A GET with the resource's key: status and latency, or the error in words. Never throws. */
  probe(resource: Resource, path: string, timeoutMs: number): Promise<ProbeAnswer> {
    return new Promise((resolve) => {
      const sink = new ProbeSink(performance.now(), resource.apiKey, (answer) => {
        clearTimeout(timer);
        call.abort();
        resolve(answer);
      });
      const headers = ['accept', 'application/json', ...credentialHeaders(resource)];
      const call = this.send({ resource, method: 'GET', path, headers, body: null }, sink);
      const timer = setTimeout(() => sink.timeout(timeoutMs), timeoutMs).unref();
    });
  }

  /** What the resource's key may use, as its upstream lists it. Never throws. */
  listModels(resource: Resource, timeoutMs: number): Promise<ModelList> {
    return new Promise((resolve) => {
      const sink = new ModelListSink((list) => {
        clearTimeout(timer);
        call.abort();
        resolve(list);
      });
      const headers = ['accept', 'application/json', ...credentialHeaders(resource)];
      const call = this.send({ resource, method: 'GET', path: '/models', headers, body: null }, sink);
      const timer = setTimeout(() => sink.onError(), timeoutMs).unref();
    });
  }

  /** A GET, or a POST of a body, with the resource's key, and all that can be said of how it went. Never throws. */
  ask(resource: Resource, path: string, timeoutMs: number, body: Buffer | null = null): Promise<TrialAnswer> {
    return new Promise((resolve) => {
      const sink = new TrialSink(resource.apiKey, (answer) => {
        clearTimeout(timer);
        call.abort();
        resolve(answer);
      });
      const headers = ['accept', 'application/json', ...credentialHeaders(resource)];
      if (body !== null) headers.push('content-type', 'application/json');
      const method = body === null ? 'GET' : 'POST';
      const call = this.send({ resource, method, path, headers, body }, sink);
      const timer = setTimeout(() => sink.timeout(timeoutMs, call.sent), timeoutMs).unref();
    });
  }

  /** Ends idle sockets at once and the rest when their calls have ended. */
  async close(): Promise<void> {
    const pools = [...this.#reusing.values(), ...this.#fresh.values()];
    this.#reusing.clear();
    this.#fresh.clear();
    await Promise.all(pools.map((pool) => pool.destroy()));
  }

  #base(baseUrl: string): { origin: string; path: string } {
    let base = this.#bases.get(baseUrl);
    if (base === undefined) {
      const url = new URL(baseUrl);
      base = {
        origin: url.origin,
        path: url.pathname === '/' ? '' : url.pathname.replace(/(?<!\/)\/+$/, ''),
      };
      this.#bases.set(baseUrl, base);
    }
    return base;
  }

  #pool(origin: string, fresh: boolean, guarded: boolean): Pool {
    const pools = fresh ? this.#fresh : this.#reusing;
    const name = guarded ? `guarded ${origin}` : origin;
    let pool = pools.get(name);
    if (pool === undefined) {
      pool = new Pool(origin, {
        connections: this.limits.maxConnectionsPerOrigin,
        pipelining: fresh ? 0 : 1,
        keepAliveTimeout: IDLE_SOCKET_MS,
        keepAliveMaxTimeout: 30_000,
        keepAliveTimeoutThreshold: 1_000,
        maxHeaderSize: this.limits.maxHeaderBytes,
        connect: readsBeforeReset({
          timeout: this.limits.connectTimeoutMs,
          allowH2: false,
          ...(guarded ? { lookup: this.lookup } : {}),
        }),
        allowH2: false,
      });
      pools.set(name, pool);
    }
    return pool;
  }
}
