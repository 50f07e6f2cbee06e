import type { SocketClient } from './socket-client.js';
import type { Refusal, SocketRig, SocketRow } from './socket-rig.js';
import type { UpgradeFault } from './upstream-sockets.js';
import type { SocketCreate, UpstreamSocket } from './upstream-socket.js';
import { inPool } from './rig.js';
import { until } from './until.js';

/** One pool of a rig that many tests share: its keys, its connections and its rows, and nobody else's. */
export class SocketPool {
  readonly keys: readonly string[];

  constructor(
    private readonly ws: SocketRig,
    readonly name: string,
  ) {
    this.keys = ws.rig.keysOf(name);
  }

  open(headers: Record<string, string> = {}): Promise<SocketClient> {
    return this.ws.open({ ...inPool(this.name), ...headers });
  }

  refused(headers: Record<string, string> = {}): Promise<Refusal> {
    return this.ws.refused({ ...inPool(this.name), ...headers });
  }

  rows(count: number): Promise<SocketRow[]> {
    return this.ws.rows(count, this.name);
  }

  get connections(): readonly UpstreamSocket[] {
    return this.ws.up.connections.filter(({ key }) => this.keys.includes(key));
  }

  get last(): UpstreamSocket {
    const connection = this.connections.at(-1);
    if (!connection) throw new Error(`no WebSocket has come in for ${this.name}`);
    return connection;
  }

  get creates(): readonly SocketCreate[] {
    return this.connections.flatMap((connection) => connection.creates);
  }

  /** Handshakes as they came, refused ones too; of one key, or of all. */
  upgrades(one: string | null = null): number {
    const keys = one === null ? this.keys : [one];
    return this.ws.up.upgrades.filter(({ key }) => keys.includes(key ?? '')).length;
  }

  /** What every handshake comes to from now on. */
  refuseAll(fault: UpgradeFault): void {
    for (const key of this.keys) this.ws.up.faults.set(key, fault);
  }

  /** Every key but the first is refused, and known to be. */
  async loseAllButOne(): Promise<void> {
    for (const key of this.keys.slice(1)) {
      this.ws.up.faults.set(key, 401);
      await until(async () => {
        (await this.open()).ws.close();
        return this.upgrades(key) > 0;
      });
    }
  }

  /** The proxy's name for a key. */
  idOf(key: string): string {
    return `openai-${this.ws.rig.keys.findIndex((one) => one.key === key) + 1}`;
  }
}
