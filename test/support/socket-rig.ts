import type { RequestRow } from './history.js';
import { Rig } from './rig.js';
import type { RigOptions } from './rig.js';
import { SocketClient } from './socket-client.js';
import { SocketPool } from './socket-pool.js';
import { until } from './until.js';
import type { UpstreamSockets } from './upstream-sockets.js';

export type SocketRow = RequestRow & { readonly transport: string; readonly method: string };
export type Refusal = Error & { status: number; body: string; headers: Record<string, string> };

/** A rig whose upstream has WebSocket mode, and what tests of it ask for again and again. */
export class SocketRig {
  #pools = 0;

  private constructor(readonly rig: Rig) {}

  static async start(options: RigOptions = {}): Promise<SocketRig> {
    return new SocketRig(await Rig.start({ ...options, upstream: { websocket: true, ...options.upstream } }));
  }

  /** As `Rig.pooled`. */
  static async pooled(count: number, size: number, options: RigOptions = {}): Promise<SocketRig> {
    const upstream = { websocket: true, ...options.upstream };
    return new SocketRig(await Rig.pooled(count, size, { ...options, upstream }));
  }

  /** One of those made by `pooled`; the next, which no other test has, where none is named. */
  pool(name = `p${this.#pools++}`): SocketPool {
    return new SocketPool(this, name);
  }

  get proxy(): Rig['proxy'] {
    return this.rig.proxy;
  }

  get up(): UpstreamSockets {
    return this.rig.upstream.sockets;
  }

  stop(): Promise<void> {
    return this.rig.stop();
  }

  open(headers: Record<string, string> = {}): Promise<SocketClient> {
    return SocketClient.open(this.proxy.url, headers);
  }

  refused(headers: Record<string, string> = {}): Promise<Refusal> {
    return this.open(headers).then(
      () => Promise.reject(new Error('it was let in')),
      (error: unknown) => error as Refusal,
    );
  }

  /** The rows of all requests, or of those for a pool, once `count` of them have an end. */
  rows(count: number, pool: string | null = null): Promise<SocketRow[]> {
    const where = pool === null ? '' : `WHERE pool_id = '${pool}' `;
    const order = this.rig.history.asTheyCame;
    return until(
      () => this.rig.history.rows<SocketRow>(`SELECT * FROM requests ${where}ORDER BY ${order}`),
      (all) => all.length >= count && all.every(({ state }) => state !== 'in_progress'),
      { what: `${count} finished rows` },
    );
  }
}

/** The headers of a handshake, for clients that write them by hand. */
export const UPGRADE: readonly string[] = [
  'connection: Upgrade',
  'upgrade: websocket',
  'sec-websocket-version: 13',
  'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==',
];
